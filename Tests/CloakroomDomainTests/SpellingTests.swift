import CloakroomDomain
import Testing

/// Which name was meant.
struct SpellingTests {
    @Test(arguments: [
        ("permission", "permissions"), ("Permissions", "permissions"), ("permisions", "permissions"),
        ("prmissions", "permissions"), ("nmae", "name"), ("NAME", "name"), ("n-a_m-e", "name"),
        ("gracePeriodSeconds", "grace_period_seconds"), ("grace-period-seconds", "grace_period_seconds"),
        ("colour", nil), ("", nil), ("permissionsabc", nil),
    ])
    func nearestNameHasAtMostTwoMistakes(text: String, meant: String?) {
        let names = ["name", "permissions", "grace_period_seconds"]
        #expect(Spelling.nearest(to: text, among: names) == meant)
    }
}
