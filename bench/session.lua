-- wrk: five-step sessions of Africa's Talking's dialect. wrk does not say which connection a
-- request goes out on, so steps of one session are kept further apart than there are connections:
-- a session's next step is sent only after all other open sessions had theirs.
-- Arguments: open sessions, callback path, the run's number. No caller of one run calls in
-- another: she would be asked whether to go on where the load was cut off.
local steps = { "", "1", "1%2A1", "1%2A1%2A1234567890", "1%2A1%2A1234567890%2A1" }
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  width, path, run = tonumber(args[1]), args[2], tonumber(args[3])
  prefix = 40 + run % 30 -- mobile numbers of Benin: 0140 to 0169
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  slots, cursor, started = {}, 0, 0
  ended, refused = 0, 0
  for slot = 1, width do slots[slot] = { step = #steps } end
end

function request()
  cursor = cursor % width + 1
  local slot = slots[cursor]
  if slot.step == #steps then
    started = started + 1
    slot.step = 0
    slot.session = string.format("ATUid_%08d%024d", run, started)
    slot.phone = string.format("%%2B22901%02d%06d", prefix, started % 1000000)
  end
  slot.step = slot.step + 1
  return wrk.format("POST", path, headers, "phoneNumber=" .. slot.phone .. "&serviceCode=%2A229%23&text="
    .. steps[slot.step] .. "&sessionId=" .. slot.session .. "&networkCode=61603")
end

function response(status, _, body)
  local head = body:sub(1, 4)
  if head == "END " then ended = ended + 1 end
  if status ~= 200 or (head ~= "END " and head ~= "CON ") then refused = refused + 1 end
end

function done(summary, latency)
  local ends, wrong = 0, 0
  for _, thread in ipairs(threads) do
    ends = ends + thread:get("ended")
    wrong = wrong + thread:get("refused")
  end
  local errors = summary.errors
  wrong = wrong + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, ends, wrong, latency:percentile(99)))
end
