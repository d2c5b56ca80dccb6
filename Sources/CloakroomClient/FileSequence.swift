import CloakroomDomain
import NIOHTTP1

/// The files of an organization, newest first; a page is requested when the previous one has been read.
public struct FileSequence: AsyncSequence, Sendable {
    /// A file.
    public typealias Element = FileMetadata

    let client: CloakroomClient
    let status: FileQuery.Status?
    let mediaRange: MediaRange?
    let pageSize: Int

    /// Starts with the newest file.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(sequence: self)
    }

    /// Iterates over the files.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// What a page is asked with.
        private enum Position {
            case start
            case cursor(String)
            case end
        }

        private struct Page: Decodable {
            let files: [FileDocument]
            let nextCursor: String?

            private enum CodingKeys: String, CodingKey {
                case files
                case nextCursor = "next_cursor"
            }
        }

        private let sequence: FileSequence
        private var position = Position.start
        private var page: ArraySlice<FileDocument> = []

        fileprivate init(sequence: FileSequence) {
            self.sequence = sequence
        }

        /// Returns the next file, or `nil` after the oldest.
        public mutating func next() async throws(CloakroomError) -> FileMetadata? {
            // With a filter a page may be empty and not the last.
            while self.page.isEmpty {
                guard try await self.turn() else { return nil }
            }
            return try self.page.removeFirst().metadata()
        }

        /// Reads the next page; `false` where there is none.
        private mutating func turn() async throws(CloakroomError) -> Bool {
            var items = ["limit=\(self.sequence.pageSize)"]
            switch self.position {
            case .end: return false
            case .start: break
            case .cursor(let cursor): items.append("cursor=\(PercentEncoding.encode(cursor, as: .query))")
            }
            if let status = self.sequence.status { items.append("status=\(status.rawValue)") }
            if let range = self.sequence.mediaRange {
                items.append("content_type=\(PercentEncoding.encode(range.description, as: .query))")
            }
            let body = try await self.sequence.client.call(.GET, "/v1/files?\(items.joined(separator: "&"))")
            let page = try CloakroomClient.decode(Page.self, body)
            self.page = page.files[...]
            self.position = page.nextCursor.map { .cursor($0) } ?? .end
            return true
        }
    }
}
