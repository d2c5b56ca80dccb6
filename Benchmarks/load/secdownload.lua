-- What mod_secdownload was: lighttpd removed it in 1.4.68 and names mod_magnet as its replacement.
-- A path is /files/<HMAC-SHA256 in hexadecimal>/<time in hexadecimal>/<name>; the MAC is that of "/<time>/<name>".
-- The values between @ are filled in when the server starts.
local attributes, crypto = lighty.r.req_attr, lighty.c
local mac, protected, made, name = attributes["uri.path"]:match("^/files/(%x+)(/(%x+)/([%w.]+))$")
if not mac or not crypto.digest_eq(mac, crypto.hmac("sha256", "@secret@", protected)) then
   return 403
end
if math.abs(crypto.time() - tonumber(made, 16)) > @lifetime@ then
   return 410
end
attributes["physical.path"] = "@directory@/files/" .. name
return 0
