-- Before a reload the workers that will be replaced give each HTTP/1.1 connection its last answer; see edge-reload.
local shared = ngx.shared.edge
-- Each reading of the configuration makes new workers, and the number by which they know that they are not meant.
local generation = shared:incr("generation", 1, 0)
local LONGEST = 10 -- seconds; the reload may fail after all

local drain = {}

function drain.begin()
    shared:set("drains", generation, LONGEST)
end

-- HTTP/2 tells its clients by itself which requests to repeat (RFC 9113, section 6.8); streams have no next request.
function drain.closes()
    return shared:get("drains") == generation and ngx.req.http_version() < 2 and ngx.var.edge_upgrade == ""
end

return drain
