package import CloakroomDomain
package import NIOCore

/// An upload to a declared file whose bytes are arriving; dropping it removes them.
///
/// As long as it lives, the sweep leaves the file's row alone.
package final class StagedUpload: Sendable {
    /// The file, as it was when the upload began.
    package let record: FileRecord
    private let body: any StagedBody
    private let publisher: Publisher
    private let upload: UploadsUnderWay.Upload

    init(_ body: any StagedBody, _ record: FileRecord, publisher: Publisher, upload: UploadsUnderWay.Upload) {
        self.record = record
        self.body = body
        self.publisher = publisher
        self.upload = upload
    }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - chunk: The bytes.
    ///   - eventLoop: Where the future completes.
    /// - Returns: A future that fails with ``StorageError``.
    package func append(_ chunk: ByteBuffer, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        self.body.append(chunk, on: eventLoop)
    }

    /// Takes the last bytes and publishes the file.
    ///
    /// - Parameters:
    ///   - last: The last bytes.
    ///   - trailing: The checksums that arrived behind them.
    ///   - now: The current time.
    /// - Returns: What was published: bytes, their place and the row are durable.
    /// - Throws: ``StorageError``.
    package func publish(
        last: ByteBuffer, trailing: [Checksum] = [], now: Timestamp
    ) async throws(StorageError) -> Publication {
        let finished = try await self.body.finish(
            last: [last], trailing: trailing, declared: self.record.declaration.sha256)
        return try await self.publisher.publish(
            self.body, as: self.record.id, self.record.declaration, finished.digest, now: now)
    }
}

extension StagedUpload {
    /// Takes the last bytes and publishes the file, for a connection.
    ///
    /// - Parameters:
    ///   - last: The last bytes.
    ///   - trailing: The checksums that arrived behind them.
    ///   - now: The current time.
    ///   - eventLoop: Where the future completes.
    /// - Returns: A future that fails with ``StorageError``.
    package func publish(
        last: ByteBuffer, trailing: [Checksum], now: Timestamp, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Publication> {
        let promise = eventLoop.makePromise(of: Publication.self)
        Task(executorPreference: InlineExecutor.shared) {
            do throws(StorageError) {
                promise.succeed(try await self.publish(last: last, trailing: trailing, now: now))
            } catch {
                promise.fail(error)
            }
        }
        return promise.futureResult
    }
}
