import CloakroomDomain
import Testing

/// A media type of a row is taken as it is, and is the same value as the one that was declared.
struct StoredMediaTypeTests {
    @Test(arguments: [
        "image/png", "Image/PNG", "text/plain; charset=utf-8", "text/plain;charset=UTF-8", "TEXT/HTML ;a=b",
        "video/webm;codecs=vp8,opus", "application/vnd.api+json", "binary/octet-stream", "chemical/x-pdb",
    ])
    func storedTypeIsTheDeclaredOne(text: String) throws {
        let declared = try #require(MediaType(text))
        let stored = MediaType(stored: declared.text)
        #expect(stored == declared)
        #expect(stored.essence == declared.essence)
        #expect(stored.parameters == declared.parameters)
        #expect(stored.accepts(declared))
    }
}
