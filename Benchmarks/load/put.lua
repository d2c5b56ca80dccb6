-- PUTs a body to each target of a file, once; stops when no target is left. Arguments: the file, the size of the body.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")

local ffi = require("ffi")
ffi.cdef [[
   typedef struct { long seconds; long nanoseconds; } bench_time;
   int clock_gettime(int clock, bench_time *time);
]]
local time = ffi.new("bench_time")
local targets, position, tail, started = {}, 0, "", nil
ran_out_after = nil

local function now()
   ffi.C.clock_gettime(1, time) -- CLOCK_MONOTONIC
   return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

function init(arguments)
   for target in io.lines(arguments[1]) do
      table.insert(targets, target)
   end
   local size = tonumber(arguments[2])
   local fields = wrk.format("PUT", "/"):match("^PUT / HTTP/1.1\r\n(.*)$")
   tail = " HTTP/1.1\r\nContent-Length: " .. size .. "\r\n" .. fields .. string.rep("x", size - 8)
end

function request()
   if position == 1 then started = now() end -- wrk asks for one request before it begins
   if position == #targets then
      ran_out_after = ran_out_after or now() - started
      wrk.thread:stop()
   else
      position = position + 1
   end
   -- LuaJIT hashes a few bytes of a string only, the last among them: without a number at the end all these strings
   -- would collide.
   return "PUT " .. targets[position] .. tail .. string.format("%08d", position)
end
