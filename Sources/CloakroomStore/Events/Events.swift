package import CloakroomDomain

/// Reads the log of events, page by page or as they come.
package final class Events: Sendable {
    /// Why nothing can be read from where a client wants to go on.
    package enum CursorRejection: Error, Hashable, Sendable {
        /// It is no cursor of this reader.
        case malformed
        /// Events behind it may have been dropped, or been lost.
        case gone
        case failed(StorageError)
    }

    /// Where a client begins to read.
    package enum Beginning: Hashable, Sendable {
        /// With the oldest entry that is kept.
        case oldest
        /// With what happens from now on.
        case now
        /// Behind the events of an earlier page.
        case cursor(String)
    }

    /// A reader's place in the log.
    package struct Place: Hashable, Sendable {
        package let position: EventPosition
        let cursors: EventCursors
        let reader: OrganizationID?

        /// The cursor behind a position of the same log.
        package func cursor(at position: EventPosition) -> String {
            self.cursors.cursor(position, for: self.reader, salt: .random(in: 0...UInt16.max))
        }
    }

    /// For how many events one page has room, and how many it has by default.
    package static let limits = 1...1_000
    package static let defaultLimit = 100

    private let rows: any EventRows
    /// Who waits.
    package let feed: EventFeed

    init(rows: any EventRows) {
        self.rows = rows
        self.feed = EventFeed(rows: rows)
    }

    /// Finds the place where a client begins.
    package func place(
        _ beginning: Beginning, of access: EventAccess
    ) async throws(CursorRejection) -> Place {
        let log = try await self.log()
        let position: EventPosition
        switch beginning {
        case .oldest: position = log.start
        case .now: position = log.end
        case .cursor(let text):
            do throws(EventCursors.Rejection) {
                position = try log.cursors.position(text, for: access.organization, upTo: log.limit)
            } catch {
                throw error == .gone ? .gone : .malformed
            }
            guard position >= log.start else { throw .gone }
        }
        return Place(position: position, cursors: log.cursors, reader: access.organization)
    }

    private func log() async throws(CursorRejection) -> EventLogState {
        do throws(StorageError) {
            let log = try await self.rows.findEventLog().value()
            self.feed.note(log.end)
            return log
        } catch {
            throw .failed(error)
        }
    }

    /// Returns up to where the log goes.
    package func end() async throws(StorageError) -> EventPosition {
        let end = try await self.rows.findEventLog().value().end
        self.feed.note(end)
        return end
    }

    /// Returns the entries that a query asks for, of the log alone.
    package func page(_ query: EventQuery) async throws(StorageError) -> EventPage {
        try await self.rows.findEvents(query).value()
    }
}
