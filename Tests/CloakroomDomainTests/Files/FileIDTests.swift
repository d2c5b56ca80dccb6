import CloakroomDomain
import Testing

/// File references, against RFC 9562's examples and Python's uuid.
struct FileIDTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let uuid: String
        let bytes: [UInt8]

        var testDescription: String { self.uuid }
    }

    // list(uuid.UUID(…).bytes)
    static let accepted: [Case] = [
        Case(
            uuid: "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            bytes: [244, 122, 193, 11, 88, 204, 67, 114, 165, 103, 14, 2, 178, 195, 212, 121]),
        // RFC 9562 §A.6, version 7.
        Case(
            uuid: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            bytes: [1, 127, 34, 226, 121, 176, 124, 195, 152, 196, 220, 12, 12, 7, 57, 143]),
        // RFC 9562 §5.9 and §5.10, nil and max.
        Case(uuid: "00000000-0000-0000-0000-000000000000", bytes: [UInt8](repeating: 0, count: 16)),
        Case(uuid: "ffffffff-ffff-ffff-ffff-ffffffffffff", bytes: [UInt8](repeating: 255, count: 16)),
    ]

    @Test(arguments: Self.accepted)
    func textAndBytesAreTheSameID(_ example: Case) throws {
        let id = try #require(FileID("file_\(example.uuid)"))
        #expect(id.bytes == example.bytes)
        #expect(id.description == "file_\(example.uuid)")
        #expect(id.uuid == example.uuid)
        #expect(id.shard == example.bytes.last)
        #expect(FileID(bytes: example.bytes) == id)
    }

    @Test(arguments: [
        "", "file_", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "File_f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "file-f47ac10b-58cc-4372-a567-0e02b2c3d479", "file_F47AC10B-58CC-4372-A567-0E02B2C3D479",
        "file_f47ac10b-58cc-4372-a567-0e02b2c3d47", "file_f47ac10b-58cc-4372-a567-0e02b2c3d4799",
        "file_f47ac10b58cc4372a5670e02b2c3d479", "file_{47ac10b-58cc-4372-a567-0e02b2c3d47}",
        "file_f47ac10-b58cc-4372-a567-0e02b2c3d479", "file_f47ac10b-58cc-4372-a567-0e02b2c3d47g",
        "file_f47ac10b_58cc_4372_a567_0e02b2c3d479", "file_f47ac10b-58cc-4372-a567-0e02b2c3d47-",
        " file_f47ac10b-58cc-4372-a567-0e02b2c3d479", "file_f47ac10b-58cc-4372-a567-0e02b2c3d479\n",
        "file_f47ac10b-58cc-4372-a567-0e02b2c3d47\u{0}", "file_f47ac10b-58cc-4372-a567-0e02b2c3d4é",
        "file_../../../../../../../../../etc/passw", "file_f47ac10b%2D58cc-4372-a567-0e02b2c3d479",
        "file_f47ac10b-58cc-4372-a567-0e02b2c3d47\\", "file_f47ac10b-58cc-4372-a567-0e02b2c3d4..",
    ])
    func anythingElseIsRefused(text: String) {
        let (id, fromBytes) = (FileID(text), FileID(text: ArraySlice(text.utf8)))
        #expect(id == nil)
        #expect(fromBytes == nil)
    }

    @Test(arguments: [0, 15, 17, 32])
    func anythingBut16BytesIsRefused(count: Int) {
        let id = FileID(bytes: [UInt8](repeating: 1, count: count))
        #expect(id == nil)
    }

    /// RFC 9562 §A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    @Test(arguments: [UInt64(0), 0xC000_0000_0000_0000])
    func madeIDsAreVersion7(bitsAboveTheRandomOnes: UInt64) {
        let id = FileID(
            milliseconds: 0x017F_22E2_79B0, sequence: 0xCC3,
            random: 0x18C4_DC0C_0C07_398F | bitsAboveTheRandomOnes)
        #expect(id.description == "file_017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test
    func orderIsThatOfMaking() {
        let ids = [
            FileID(milliseconds: 1, sequence: 0, random: .max), FileID(milliseconds: 1, sequence: 1, random: 0),
            FileID(milliseconds: 1, sequence: 0xFFF, random: 0), FileID(milliseconds: 2, sequence: 0, random: 0),
            FileID(milliseconds: 1 << 47, sequence: 0, random: 0),
        ]
        #expect(ids.reversed().sorted() == ids)
        #expect(ids.map(\.description).sorted() == ids.map(\.description))
    }
}
