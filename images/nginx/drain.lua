-- Before a reload the workers that will be replaced give each HTTP/1.1 connection its last answer; see edge-reload.
local shared = ngx.shared.edge
local LONGEST = 10 -- seconds; the reload may fail after all

local drain = {}

-- Each reading of the configuration makes new workers; by this number they know that they are not meant.
drain.generation = shared:incr("generation", 1, 0)

function drain.begin()
    shared:set("drains", drain.generation, LONGEST)
end

-- HTTP/2 tells its clients by itself which requests to repeat (RFC 9113, section 6.8); streams have no next request.
function drain.closes()
    return shared:get("drains") == drain.generation and ngx.req.http_version() < 2 and ngx.var.edge_upgrade == ""
end

return drain
