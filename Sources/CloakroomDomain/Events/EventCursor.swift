import CloakroomCrypto

/// Writes and reads cursors of the log of events: `{generation}.{position}`, 16 hexadecimal digits each.
///
/// A position is enciphered, so that the cursors of an organization say nothing of how much happens in others: a Feistel network of
/// ``rounds`` rounds (Luby and Rackoff, 1988) over 64 bits, whose round function is HMAC-SHA-256 of the reader, the round and a half.
package struct EventCursors: Hashable, Sendable {
    /// Who reads: an organization, or `nil` for the reader of all.
    package typealias Reader = OrganizationID?

    /// Why a cursor is not one to go on from.
    package enum Rejection: Error, Hashable, Sendable {
        /// It is no cursor of this reader.
        case malformed
        /// It is of another generation of the store: events behind it may be lost.
        case gone
    }

    /// Four make a permutation that nobody can tell from a random one who can choose what is enciphered and deciphered.
    private static let rounds: ClosedRange<UInt8> = 1...4

    private let generation: String
    private let key: SHA256Digest

    /// Derives the generation and the key from what identifies the log.
    ///
    /// - Parameters:
    ///   - identity: Random bytes of the store, drawn again when it is restored.
    ///   - losses: How often events may have been lost since.
    package init(identity: [UInt8], losses: Int64) {
        let mac = HMACSHA256(key: identity)
        self.generation = String(
            mac.authenticationCode(for: Array("events of generation \(losses)".utf8)).hexadecimal.prefix(16))
        self.key = mac.authenticationCode(for: Array("cursors of generation \(losses)".utf8))
    }

    /// Returns the cursor behind a position.
    package func cursor(_ position: EventPosition, for reader: Reader) -> String {
        let mac = HMACSHA256(key: self.key)
        var (left, right) = Self.halves(UInt64(bitPattern: position.number))
        for round in Self.rounds { (left, right) = (right, left ^ Self.mix(mac, reader, round, right)) }
        let text = Hexadecimal.encode(withUnsafeBytes(of: (left.bigEndian, right.bigEndian)) { Array($0) })
        return "\(self.generation).\(text)"
    }

    /// Returns the position that a cursor of the same reader stands for; one higher than the end was never given.
    package func position(
        _ text: String, for reader: Reader, upTo end: EventPosition
    ) throws(Rejection) -> EventPosition {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 16 && $0.lowercased() == $0 }),
            Hexadecimal.decode(parts[0].utf8) != nil, let bytes = Hexadecimal.decode(parts[1].utf8)
        else { throw .malformed }
        guard parts[0] == self.generation else { throw .gone }
        let mac = HMACSHA256(key: self.key)
        var (left, right) = Self.halves(bytes.reduce(0) { $0 << 8 | UInt64($1) })
        for round in Self.rounds.reversed() { (left, right) = (right ^ Self.mix(mac, reader, round, left), left) }
        let number = Int64(bitPattern: UInt64(left) << 32 | UInt64(right))
        guard (0...end.number).contains(number) else { throw .malformed }
        return EventPosition(number)
    }

    private static func halves(_ word: UInt64) -> (UInt32, UInt32) {
        (UInt32(truncatingIfNeeded: word >> 32), UInt32(truncatingIfNeeded: word))
    }

    private static func mix(_ mac: HMACSHA256, _ reader: Reader, _ round: UInt8, _ half: UInt32) -> UInt32 {
        var message: [UInt8] = [round]
        withUnsafeBytes(of: half.bigEndian) { message.append(contentsOf: $0) }
        // No organization has an empty name.
        message.append(contentsOf: (reader?.description ?? "").utf8)
        return mac.authenticationCode(for: message).withBytes { bytes in
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(as: UInt32.self))
        }
    }
}
