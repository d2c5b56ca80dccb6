/// What a filename's extension says about its media type, as far as the registries and the field know.
///
/// The check is there to catch a mistake, like `photo.png` declared as `audio/mp3`, and not to be right about types.
public enum FileExtension {
    /// Returns the usual type of a filename's extension, if a declared type contradicts it.
    ///
    /// A type contradicts a name only if both are known and unrelated: the type is none of those that files of that name
    /// are, no other name of one, not what one is a kind of, no kind of one, and not in the same container. Text goes
    /// with text, and `data.csv.gz` may be declared as what is inside. What is unknown contradicts nothing, nor does
    /// `application/octet-stream`.
    ///
    /// - Parameters:
    ///   - mediaType: The declared type.
    ///   - filename: The name with the extension.
    /// - Returns: The usual type of the extension, or `nil` where there is no contradiction.
    public static func contradiction(of mediaType: MediaType, by filename: Filename) -> MediaType? {
        let essence = mediaType.essence
        guard !mediaType.isGeneric, let kinds = MediaTypeTable.codes(of: essence.utf8.span, in: MediaTypeTable.types),
            !kinds.contain(.any)
        else { return nil }
        let name = filename.text.utf8.span
        var range = self.extensionRange(in: name, before: name.count)
        var usual: MediaTypeTable.Codes?
        for _ in 0..<self.maximumDepth {
            guard let current = range else { break }
            guard let codes = MediaTypeTable.codes(of: name.extracting(current), in: MediaTypeTable.extensions),
                !codes.contain(.any), !codes.allow(kinds)
            else { return nil }
            usual = usual ?? codes
            guard codes.contain(.inner) else { break }
            range = self.extensionRange(in: name, before: current.lowerBound - 1)
        }
        return usual.map { MediaType(essence: $0.usualName) }
    }

    /// Returns the usual media type of a known extension, or `nil` where it is unknown or means many things.
    public static func mediaType(of filename: Filename) -> MediaType? {
        let name = filename.text.utf8.span
        guard let range = self.extensionRange(in: name, before: name.count),
            let codes = MediaTypeTable.codes(of: name.extracting(range), in: MediaTypeTable.extensions)
        else { return nil }
        let usual = MediaType(essence: codes.usualName)
        return usual.isGeneric ? nil : usual
    }

    /// No more extensions of a name are looked at, however many compressors it names.
    private static let maximumDepth = 3

    /// Returns where the extension is, as ``Filename/pathExtension`` has it, in a name that ends at a position.
    private static func extensionRange(in name: Span<UInt8>, before end: Int) -> Range<Int>? {
        var dot = end - 1
        while dot > 0, name[dot] != UInt8(ascii: ".") { dot -= 1 }
        return dot > 0 && dot + 1 < end ? dot + 1..<end : nil
    }
}
