import CloakroomDomain
import Foundation
import Glibc
import Logging
import Testing

@testable import CloakroomServer

/// Lines of the access log in a real file.
struct AccessLogTests {
    /// Writes entries to a log, and returns the text of its file.
    private func written(_ body: (AccessLog) throws -> Void) async throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        let path = url.path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try AccessLog(.file(path), logger: Logger(label: "test"))
        try body(log)
        await log.close()
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test
    func aFinishedRequestHasOneLine() async throws {
        let organization = try #require(OrganizationID("acme"))
        let text = try await self.written { log in
            let entry = AccessEntry(log, .api, requestID: "0123456789abcdef", route: "other")
            entry.note(route: "GET /v1/files/{id}")
            entry.note(keyID: "key_0123456789abcdef")
            entry.note(organization)
            entry.note(status: 200)
            entry.received(3)
            entry.sent(10)
            entry.sent(-4)
            entry.finish()
            entry.finish()
        }
        let time = /"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/
        let duration = /"duration_seconds":\d+\.\d{6}/
        #expect(text.firstMatch(of: time) != nil && text.firstMatch(of: duration) != nil)
        let rest = text.replacing(time, with: "TIME").replacing(duration, with: "DURATION")
        #expect(
            rest == """
                {TIME,"request_id":"0123456789abcdef","origin":"api","route":"GET /v1/files/{id}","status":200,\
                "bytes_received":3,"bytes_sent":6,DURATION,"organization":"acme","key_id":"key_0123456789abcdef",\
                "complete":true}

                """)
    }

    @Test
    func aRequestThatIsDroppedHasALine() async throws {
        let text = try await self.written { log in
            _ = AccessEntry(log, .storage, requestID: "0123456789abcdef", route: "other")
        }
        #expect(text.contains("\"status\":null"))
        #expect(text.hasSuffix("\"organization\":null,\"key_id\":null,\"complete\":false}\n"))
    }

    @Test
    func linesKeepTheirOrder() async throws {
        let text = try await self.written { log in
            for number in 0..<1_000 { log.append(Array("\(number)\n".utf8)) }
        }
        #expect(text.split(separator: "\n").map { Int($0) } == Array(0..<1_000))
    }

    /// A pipe takes 64 KiB; its reader goes when it is full.
    @Test
    func linesThatAreNotWrittenWholeAreCounted() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        let path = url.path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(mkfifo(path, 0o600) == 0)
        signal(SIGPIPE, SIG_IGN)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        var sink = try AccessLogSink(.file(path))
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        // The writer waits, and so does not give a task its turn.
        Thread.detachNewThread {
            var waiting: Int32 = 0
            while waiting < 65_536, ioctl(reader, UInt(FIONREAD), &waiting) == 0 { usleep(1_000) }
            close(reader)
        }
        let lost = sink.write(Array(repeatElement(line, count: 100).joined()))
        #expect(lost.lostLines == 35)
        #expect("\(try #require(lost.error))".contains("Broken pipe"))
        // Nobody has read the line of which a part was written, and nothing of these is written.
        #expect(sink.write(line + line).lostLines == 2)
        let next = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(next) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        // What was written before is still there, as the writer never closed its end.
        while read(next, &bytes, bytes.count) > 0 {}
        let written = sink.write(line)
        #expect(written.lostLines == 0 && written.error == nil)
        let count = read(next, &bytes, bytes.count)
        // The torn line is ended first.
        #expect(Array(bytes[..<count]) == [UInt8(ascii: "\n")] + line)
    }

    @Test
    func aPathThatCannotBeOpenedIsNamed() {
        #expect(throws: AccessLogError.self) {
            try AccessLog(.file("/nowhere/access.log"), logger: Logger(label: "test"))
        }
    }
}
