-- A mixed load for wrk: of a hundred requests 60 AddRecord, 20
-- UpdateCallCompletionStats, 10 RecordProcessed, 5 DoNotCall by phone and 5 reads.
--
--   wrk -t1 -cN -dS --latency -s mixed.lua URL -- PATH AREA FIRST RECORDS
--
-- PATH is the calling list's path, AREA a three-digit area code that no other round of
-- the run uses: with the counter it makes every phone of the run distinct. The other
-- requests each name another one of the first RECORDS records, scattered over them; FIRST
-- says how many were named by former rounds. (A final record takes no more changes.)
-- With PATH "/" every request goes to the floor, with the same bodies.
-- One wrk thread only: each thread would count for itself.

local counter = 2000000
local named, records
local path, host, area
local is_floor

-- The order of a hundred requests, the kinds spread evenly.
local kinds = {}
local shares = { { "add", 60 }, { "update", 20 }, { "process", 10 }, { "dnc", 5 }, { "read", 5 } }

local function spread()
  local owed = {}
  for i = 1, #shares do owed[i] = 0 end
  for place = 1, 100 do
    local most = 1
    for i = 1, #shares do
      owed[i] = owed[i] + shares[i][2]
      if owed[i] > owed[most] then most = i end
    end
    owed[most] = owed[most] - 100
    kinds[place] = shares[most][1]
  end
end

function init(args)
  path, area = args[1], args[2]
  named, records = tonumber(args[3]), tonumber(args[4])
  assert(path and area and #area == 3 and named and records,
    "usage: -- PATH AREA FIRST RECORDS (AREA: three digits)")
  is_floor = path == "/"
  host = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
  spread()
end

local function post(target, body)
  return "POST " .. (is_floor and "/" or target) .. " HTTP/1.1\r\n" .. host
    .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- A record that no request of this run has named yet. The factor is a prime beyond the
-- number of records, so each comes once before any comes again.
local function next_handle()
  local at = named * 16180349 % records
  named = named + 1
  return at + 1
end

local make = {
  add = function(n)
    return post(path .. "?req=AddRecord", '{"GSW_PHONE":"+1' .. area .. n
      .. '","GSW_PHONE_TYPE":"Mobile","GSW_CUSTOMER_ID":"C' .. area .. n
      .. '","GSW_TZ_NAME":"PST","GSW_FROM":32400,"GSW_UNTIL":64800,"client-id":"web-'
      .. area .. n .. '","balance":1204.75,"GSW_REFERENCE_ID":' .. n .. "}")
  end,
  update = function(n)
    return post("/records/" .. next_handle() .. "?req=UpdateCallCompletionStats",
      '{"GSW_CALL_RESULT":"NoAnswer","client-id":"web-' .. n
        .. '","balance":7.25,"GSW_REFERENCE_ID":' .. n .. "}")
  end,
  process = function(n)
    return post("/records/" .. next_handle() .. "?req=RecordProcessed",
      '{"GSW_CALL_RESULT":"Ok","GSW_REFERENCE_ID":' .. n .. "}")
  end,
  dnc = function(n)
    -- The phone of a record, as xtask writes it into the file that is imported.
    return post("/phones/%2B1212" .. 1999999 + next_handle() .. "?req=DoNotCall",
      '{"GSW_REFERENCE_ID":' .. n .. "}")
  end,
  read = function(n)
    -- The floor knows bodies only.
    if is_floor then return post("/", '{"GSW_REFERENCE_ID":' .. n .. "}") end
    return "GET /records/" .. next_handle() .. " HTTP/1.1\r\n" .. host .. "\r\n"
  end,
}

function request()
  local n = counter
  counter = n + 1
  return make[kinds[n % 100 + 1]](n)
end

-- How the run went, as xtask reads it.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
