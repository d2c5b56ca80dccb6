import CloakroomStore
import NIOCore

/// Rows that a request waits for.
extension StorageConnection {
    /// Waits for a row, and goes on with it unless the connection has closed meanwhile.
    func wait<Value>(
        for pending: PendingLookup<Value>, _ exchange: Exchange,
        then body: @escaping (StorageConnection, Result<Value, StorageError>) -> Void
    ) {
        guard let context, self.group.beginLookUp() else {
            pending.cancel()
            return self.reject(exchange, .tooManyLookUps)
        }
        self.machine.lookUpBegan()
        self.cancelLookUp = { pending.cancel() }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, body), eventLoop: eventLoop)
        pending.whenComplete { outcome in
            eventLoop.execute {
                let (connection, body) = bound.value
                connection.group.endLookUp()
                guard connection.machine.lookUpEnded() else { return }
                connection.cancelLookUp = nil
                body(connection, outcome)
                connection.continueProcessing()
            }
        }
    }
}
