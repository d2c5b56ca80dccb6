-- Prints what was measured as one line of JSON. A script that runs out of targets sets `ran_out_after`, in seconds.
local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

function done(summary, latency, requests)
   local errors = summary.errors
   local seconds = summary.duration / 1e6
   local ran_out_after = threads[1]:get("ran_out_after")
   io.write(string.format(
      'RESULT {"requests": %d, "seconds": %.6f, "bytes": %.0f, "p50_ms": %.3f, "p99_ms": %.3f, "ran_out": %s, ' ..
      '"errors": {"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
      summary.requests, ran_out_after or seconds, summary.bytes, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, ran_out_after and "true" or "false",
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
