-- POSTs the lines of a file in turn, each a JSON body, from a random one on. Arguments: the target, the file.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local requests, position = {}, 0

function init(arguments)
   local headers = {}
   for name, value in pairs(wrk.headers) do headers[name] = value end
   headers["Content-Type"] = "application/json"
   for body in io.lines(arguments[2]) do
      table.insert(requests, wrk.format("POST", arguments[1], headers, body))
   end
   math.randomseed(os.time())
   position = math.random(#requests)
end

function request()
   position = position + 1
   if position > #requests then position = 1 end
   return requests[position]
end
