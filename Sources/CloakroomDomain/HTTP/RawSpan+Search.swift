extension RawSpan {
    /// Returns a byte.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        // The offset is checked, and any byte is a UInt8.
        self.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Whether two bytes are these, as far as they are there.
    @inline(__always)
    func begins(at offset: Int, with first: UInt8, _ second: UInt8) -> Bool {
        guard offset < self.byteCount else { return true }
        return self.byte(at: offset) == first
            && (offset + 1 == self.byteCount || self.byte(at: offset + 1) == second)
    }

    /// Returns a copy of some bytes.
    func bytes(in range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for offset in range { bytes.append(self.byte(at: offset)) }
        return bytes
    }

    /// Returns the offset of the first byte with a value; eight bytes at a time, as a form's search for delimiters is
    /// all that it costs.
    func firstOffset(of value: UInt8, from start: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = ones &* UInt64(value)
        var offset = start
        while offset &+ 8 <= self.byteCount {
            // The range is checked, and any eight bytes are a UInt64.
            let word = UInt64(littleEndian: self.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ pattern
            // The lowest bit set is that of the first byte of zeros.
            let zeros = (word &- ones) & ~word & (ones << 7)
            if zeros != 0 { return offset &+ zeros.trailingZeroBitCount / 8 }
            offset &+= 8
        }
        while offset < self.byteCount {
            if self.byte(at: offset) == value { return offset }
            offset &+= 1
        }
        return nil
    }
}
