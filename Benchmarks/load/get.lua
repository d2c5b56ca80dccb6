-- GETs the targets of a file in turn, from a random one on. Argument: the file.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local requests, position = {}, 0

function init(arguments)
   for target in io.lines(arguments[1]) do
      table.insert(requests, wrk.format("GET", target))
   end
   math.randomseed(os.time())
   position = math.random(#requests)
end

function request()
   position = position + 1
   if position > #requests then position = 1 end
   return requests[position]
end
