import CloakroomCrypto

/// Writes and reads cursors of the log of events: `{generation}.{position}`, 16 hexadecimal digits each.
///
/// A position is enciphered with a salt, so that the cursors of an organization say nothing of what happens in others: a Feistel
/// network of ``rounds`` rounds (Luby and Rackoff, 1988) over 64 bits, 16 of salt and 48 of position, whose round function is
/// HMAC-SHA-256 of the round, a half and the reader.
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
    /// The rest of 64 bits is salt.
    private static let positionBits: UInt64 = 48

    private let generation: String
    private let key: SHA256Digest

    /// Derives what is shown of the generation, and the key.
    ///
    /// - Parameter generation: Random bytes, drawn again where events may have been lost.
    package init(generation: [UInt8]) {
        let mac = HMACSHA256(key: generation)
        self.generation = String(mac.authenticationCode(for: Array("generation".utf8)).hexadecimal.prefix(16))
        self.key = mac.authenticationCode(for: Array("cursors".utf8))
    }

    /// Returns a cursor behind a position; the salt, a random number, makes two of the same position look different.
    package func cursor(_ position: EventPosition, for reader: Reader, salt: UInt16) -> String {
        let mac = HMACSHA256(key: self.key)
        var (left, right) = Self.halves(UInt64(salt) << Self.positionBits | UInt64(bitPattern: position.number))
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
        let number = Int64((UInt64(left) << 32 | UInt64(right)) & (1 << Self.positionBits - 1))
        guard number <= end.number else { throw .malformed }
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
