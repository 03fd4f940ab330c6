-- One AddRecord a request, distinct in phone and customer id, for wrk.
--
--   wrk -t1 -cN -dS --latency -s add-record.lua URL -- PATH AREA [TOKEN]
--
-- PATH is the request target, AREA a three-digit area code that no other round
-- of the run uses: with the counter it makes every phone of the run distinct.
-- One wrk thread only: each thread would count for itself.
--
-- request() shares the machine with what it measures, so all it does is count
-- and concatenate. The counter starts at 2000000 and stays below 10000000:
-- seven digits, hence one Content-Length for all. GSW_REFERENCE_ID stands last
-- because LuaJIT's string hash looks at both ends of a string: bodies that end
-- alike would collide.

local counter = 2000000
local before_phone, before_customer, before_client, before_reference

function init(args)
  local path, area, token = args[1], args[2], args[3]
  assert(path and area and #area == 3, "usage: -- PATH AREA (three digits)")

  local phone = '{"GSW_PHONE":"+1' .. area
  local customer = '","GSW_PHONE_TYPE":"Mobile","GSW_CUSTOMER_ID":"C' .. area
  local client = '","GSW_TZ_NAME":"PST","GSW_FROM":32400,"GSW_UNTIL":64800,'
    .. '"client-id":"web-' .. area
  local reference = '","balance":1204.75,"GSW_REFERENCE_ID":'
  local length = #phone + #customer + #client + #reference + 4 * 7 + #"}"

  before_phone = "POST " .. path .. " HTTP/1.1\r\n"
    .. "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
    .. (token and "Authorization: Bearer " .. token .. "\r\n" or "")
    .. "Content-Type: application/json\r\n"
    .. "Content-Length: " .. length .. "\r\n\r\n"
    .. phone
  before_customer, before_client, before_reference = customer, client, reference
end

function request()
  local n = counter
  counter = n + 1
  return before_phone .. n .. before_customer .. n .. before_client .. n
    .. before_reference .. n .. "}"
end

-- How the run went, as xtask reads it.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
