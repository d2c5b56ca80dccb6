import CloakroomServer
import ServiceLifecycle
import UnixSignals

/// Opens the access log's file again on SIGHUP, which whoever has renamed it sends.
struct AccessLogRotation: Service {
    let accessLog: AccessLog

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals { self.accessLog.reopen() }
        }
    }
}
