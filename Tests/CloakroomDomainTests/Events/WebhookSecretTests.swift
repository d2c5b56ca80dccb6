import CloakroomDomain
import Testing

struct WebhookSecretTests {
    /// `base64.b64encode(bytes(i * 37 + 11 & 255 for i in range(count)))` of 23 and 65 bytes, and other forms.
    @Test(arguments: [
        "", "whsec_", "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDk=",
        "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW+yBFao+02f4jSG2St9wBJks=",
        "CzBVep/E6Q4zWH2ix+wRNluApcrvFDle", "whsk_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle",
        "WHSEC_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle", "whsec_CzBVep_E6Q4zWH2ix-wRNluApcrvFDle",
        "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYY", " whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle",
        "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle\n",
    ])
    func otherTextsAreNoSecrets(text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test(arguments: [WebhookFixture.secret24, WebhookFixture.secret32, WebhookFixture.secret64])
    func secretIsReadAndRevealed(text: String) throws {
        #expect(try #require(WebhookSecret(text)).reveal() == text)
    }

    @Test func newSecretsDifferAndHave32Bytes() throws {
        let secrets = try (0..<2).map { _ in try WebhookSecret.generate().reveal() }
        #expect(secrets[0] != secrets[1])
        // 32 bytes are 44 characters of Base64.
        #expect(secrets.allSatisfy { $0.hasPrefix("whsec_") && $0.count == 50 && WebhookSecret($0) != nil })
    }

    @Test func secretPrintsRedacted() throws {
        let secret = try #require(WebhookSecret(WebhookFixture.secret32))
        var dumped = ""
        dump([secret], to: &dumped)
        let texts = ["\(secret)", String(reflecting: secret), "\([secret])", dumped]
        #expect(texts.allSatisfy { !$0.contains("CzBVep") && $0.contains("<redacted>") })
    }
}
