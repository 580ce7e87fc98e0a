-- Rate limits by the tier of a verified token, by address for everyone else, and by address for single endpoints.
-- A limit of `requests` in `seconds` is a bucket of that many that refills evenly (GCRA): in any t seconds at most
-- requests + requests * t / seconds pass, and a client that never pauses gets exactly that.
local base64 = require "ngx.base64"
local ffi = require "ffi"
local json = require "cjson.safe"
local lrucache = require "resty.lrucache"

-- OpenSSL is nginx's own: these symbols are in its process.
ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *digest, const void *key, int key_size,
                    const char *text, size_t text_size, unsigned char *sum, unsigned int *sum_size);
int CRYPTO_memcmp(const void *one, const void *other, size_t size);
]]

local HASH_SIZE, LONGEST_TOKEN, MICROSECONDS = 32, 4096, 1000000
local counters = ngx.shared.counters
local known = lrucache.new(1000) -- claims by what was sent: a token is opened once
local sum, sha256 = ffi.new("unsigned char[?]", HASH_SIZE), ffi.C.EVP_sha256()
local keys, tiers, endpoints = {}, nil, nil

local function read(path)
    return assert(io.open(path)):read("*a")
end

local function buckets(rates)
    local found = {}
    for name, rate in pairs(rates) do
        local step = math.floor(rate.seconds * MICROSECONDS / rate.requests)
        found[name] = { requests = rate.requests, step = step, capacity = step * rate.requests }
    end
    return found
end

local function genuine(signed, signature)
    for _, key in ipairs(signature and #signature == HASH_SIZE and keys or {}) do
        ffi.C.HMAC(sha256, key, #key, signed, #signed, sum, nil)
        if ffi.C.CRYPTO_memcmp(sum, signature, HASH_SIZE) == 0 then
            return true
        end
    end
    return false
end

-- The claims of a token that we signed and that names a tier, else nil. Its header is not asked: whatever algorithm it
-- names, only HMAC-SHA256 passes (RFC 8725, section 3.1).
local function opened(token)
    local signed, payload, signature = token:match("^([%w_-]+%.([%w_-]+))%.([%w_-]+)$")
    if not signed or #token > LONGEST_TOKEN or not genuine(signed, base64.decode_base64url(signature)) then
        return nil
    end
    local claims = json.decode(base64.decode_base64url(payload) or "")
    local whole = type(claims) == "table" and type(claims.sub) == "string" and type(claims.exp) == "number"
    return whole and tiers[claims.tier] and claims or nil
end

-- Browsers cannot set a header on a WebSocket; there the token is a parameter.
local function verified()
    local sent = ngx.var.http_authorization or ngx.var.arg_token
    local claims = sent and (known:get(sent) or opened(sent:match("%S*$")))
    if not claims or claims.exp <= ngx.time() then
        return nil
    end
    known:set(sent, claims)
    return claims
end

-- An IPv6 host has a /64 to itself, so that prefix is what is counted.
local function address()
    local binary = ngx.var.binary_remote_addr
    return #binary == 16 and binary:sub(1, 8) or binary
end

-- Takes one request out of a bucket. Stored is the time at which it will be full again, in microseconds; it is
-- forgotten then. Two workers that meet at that very moment may forget one request of it, never more.
local function take(key, rate)
    local now = math.floor(ngx.now() * 1000 + 0.5) * 1000
    local debt = (counters:incr(key, rate.step, now, rate.capacity / MICROSECONDS) or now) - now
    if debt > rate.capacity then
        counters:incr(key, -rate.step)
        return { key = key, rate = rate, left = 0, reset = debt - rate.step, wait = debt - rate.capacity }
    end
    counters:expire(key, math.max(debt / MICROSECONDS, 0.001)) -- 0 would mean never
    return { key = key, rate = rate, left = math.floor((rate.capacity - debt) / rate.step), reset = debt }
end

-- Every answer bears these as X-RateLimit-*; a refusal has Retry-After too.
local function show(taken)
    local var = ngx.var
    var.edge_limit, var.edge_remaining = taken.rate.requests, taken.left
    var.edge_reset = math.ceil(taken.reset / MICROSECONDS)
    if taken.wait then
        var.edge_retry = math.ceil(taken.wait / MICROSECONDS)
        return ngx.exit(ngx.HTTP_TOO_MANY_REQUESTS)
    end
end

-- For access_by_lua. A token that does not verify counts as none: the application is the one to answer 401.
local function admit()
    local claims, place, endpoint = verified(), address(), ngx.var.edge_endpoint
    local tier = claims and claims.tier or "anonymous"
    local client = claims and "user " .. claims.sub or "address " .. place
    ngx.var.edge_tier, ngx.var.edge_client = tier, client
    local narrow = endpoints[endpoint] and take("endpoint " .. endpoint .. " " .. place, endpoints[endpoint])
    if narrow and narrow.wait then
        return show(narrow)
    end
    local broad = take(tier .. " " .. client, tiers[tier])
    if narrow and broad.wait then
        counters:incr(narrow.key, -narrow.rate.step)
    end
    return show(narrow and not broad.wait and narrow.left <= broad.left and narrow or broad)
end

-- Runs while the configuration is read, so that a broken file refuses a reload. One key a line; any of them verifies.
local function load(rates_path, keys_path)
    local rates = assert(json.decode(read(rates_path)))
    tiers, endpoints = buckets(rates.tiers), buckets(rates.endpoints)
    for key in read(keys_path):gmatch("%S+") do
        keys[#keys + 1] = key
    end
    assert(tiers.anonymous and #keys > 0, "no tier for anonymous clients, or no token key")
end

return { load = load, admit = admit }
