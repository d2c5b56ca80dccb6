import CloakroomStore
import NIOPosix

extension NIOThreadPool {
    func runBlocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await self.runIfActive { Result { () throws(StorageError) in try body() } }.get()
        } catch let error as StorageError {
            throw error
        } catch {
            throw .writesRejected("the server is shutting down")
        }
    }
}
