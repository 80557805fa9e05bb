package gs1

import (
	"errors"
	"strings"
	"testing"
)

const linkKey = "https://id.gs1.org/01/09521234543213"

// A refusal is an input with the error it must meet.
type refusal struct {
	name, in string
	want     error
}

func (r refusal) test(t *testing.T) {
	got, err := ParseIdentifier(r.in, today)
	if !errors.Is(err, r.want) || got != (Identifier{}) {
		t.Errorf("ParseIdentifier(%q) = %+v, %v, want %v", r.in, got, err, r.want)
	}
}

func TestDigitalLinkRefuses(t *testing.T) {
	for _, tt := range []refusal{
		{"other scheme", "ftp://id.gs1.org/01/09521234543213", ErrSyntax},
		{"script", "javascript://id.gs1.org/01/09521234543213", ErrSyntax},
		{"no scheme", "id.gs1.org/01/09521234543213", ErrSyntax},
		{"one slash", "https:/id.gs1.org/01/09521234543213", ErrSyntax},
		{"user information", "https://id.gs1.org@evil.example/01/09521234543213", ErrSyntax},
		{"user and password", "https://a:b@evil.example/01/09521234543213", ErrSyntax},
		{"no domain", "https:///01/09521234543213", ErrSyntax},
		{"domain in percent", "https://id%2Egs1.org/01/09521234543213", ErrSyntax},
		{"domain not ASCII", "https://іd.gs1.org/01/09521234543213", ErrSyntax},
		{"port of letters", "https://a:x/01/09521234543213", ErrSyntax},
		{"port empty", "https://a:/01/09521234543213", ErrSyntax},
		{"backslash", `https://a\01\09521234543213`, ErrSyntax},
		{"query without path", "https://a?01=09521234543213", ErrNoKey},

		{"no key", "https://example.org/about", ErrNoKey},
		{"key without value", "https://id.gs1.org/01", ErrNoKey},
		{"empty value", "https://id.gs1.org/01/", ErrLength},
		{"slash at the end", linkKey + "/", ErrNoKey},
		{"unknown AI in path", linkKey + "/22/A", ErrUnknownAI},
		{"short name not supported", linkKey + "/cpv/A", ErrNoKey},
		{"qualifiers in wrong order", linkKey + "/21/A/10/B", ErrSyntax},
		{"qualifier twice", linkKey + "/21/A/21/A", ErrSyntax},
		{"qualifier of another key", linkKey + "/254/A", ErrSyntax},
		{"qualifier of no such key", "https://id.gs1.org/00/340123451111111111/21/A", ErrSyntax},
		{"attribute in path", linkKey + "/17/270331", ErrSyntax},
		{"two keys", linkKey + "/414/4012345000009", ErrConflict},
		{"two keys that overlap", linkKey + "/10/01/00416000336108", ErrConflict},
		{"dots", linkKey + "/21/..", ErrSyntax},
		{"dots in percent", linkKey + "/21/%2E%2e", ErrSyntax},
		{"dot", linkKey + "/21/.", ErrSyntax},
		{"empty segment", linkKey + "//21/A", ErrNoKey},
		{"space in serial", linkKey + "/21/A%20B", ErrCharacter},
		{"NUL in serial", linkKey + "/21/A%00", ErrCharacter},
		{"FNC1 in serial", linkKey + "/21/A%1D10B", ErrCharacter},
		{"percent cut", linkKey + "/21/A%2", ErrSyntax},
		{"percent at the end", linkKey + "/21/A%", ErrSyntax},
		{"percent with no hex", linkKey + "/21/A%G1", ErrSyntax},
		{"encoded twice", linkKey + "/21/A%252FB%2525%20", ErrCharacter},
		{"quote not encoded", linkKey + `/21/A"B`, ErrCharacter},
		{"stem not encoded", "https://a/<b>/01/09521234543213", ErrCharacter},
		{"serial too long", linkKey + "/21/" + strings.Repeat("%41", 21), ErrLength},
	} {
		t.Run(tt.name, tt.test)
	}
}

func TestDigitalLinkQueryRefuses(t *testing.T) {
	for _, tt := range []refusal{
		{"qualifier in query", linkKey + "?10=A", ErrSyntax},
		{"serial in query", "https://id.gs1.org/00/340123451111111111?21=A", ErrSyntax},
		{"unknown AI in query", linkKey + "?3103=000195", ErrUnknownAI},
		{"digits that are no AI", linkKey + "?2024=1", ErrUnknownAI},
		{"year as name", linkKey + "?20240=1", ErrSyntax},
		{"attribute twice", linkKey + "?17=270331&17=270331", ErrConflict},
		{"attribute twice, once in disguise", linkKey + "?17=270331&%31%37=270331", ErrConflict},
		{"key twice", linkKey + "?01=09521234543213", ErrConflict},
		{"date that is none", linkKey + "?17=270231", ErrDate},
		{"attribute empty", linkKey + "?17", ErrLength},
		{"semicolon", linkKey + "?17=270331;11=250101", ErrSyntax},
		{"plus", "https://id.gs1.org/00/340123451111111111?10=A+B", ErrSyntax},
		{"bad percent in a name", linkKey + "?a%=1", ErrSyntax},
		{"bad percent in a foreign value", linkKey + "?a=%", ErrSyntax},
		{"item and content", linkKey + "?02=09521234543213", ErrConflict},

		{"code in fragment", linkKey + "#/21/A", ErrSyntax},
		{"element string in fragment", linkKey + "#21A", ErrSyntax},
		{"attribute in fragment", linkKey + "#exp=", ErrSyntax},
		{"two fragments", linkKey + "#a#b", ErrSyntax},
		{"too long", linkKey + "?a=" + strings.Repeat("a", maxInput), ErrLength},
	} {
		t.Run(tt.name, tt.test)
	}
}

// Both spellings of every character of set 82 are read, one is written.
func TestDigitalLinkSpellings(t *testing.T) {
	for i := range len(Set82) {
		c := Set82[i : i+1]
		want := Identifier{GTIN: "09521234543213", Serial: Serial("x" + c)}
		link, err := want.DigitalLink()
		if err != nil {
			t.Fatal(err)
		}
		key := "https://id.gs1.org/01/09521234543213/21/x"
		spellings := []string{link, key + escape(c, func(byte) bool { return false }), key + strings.ToLower(escape(c, func(byte) bool { return false }))}
		if isSegmentByte(c[0]) {
			spellings = append(spellings, key+c)
		}
		for _, s := range spellings {
			if got, err := ParseIdentifier(s, today); err != nil || got != want {
				t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v", s, got, err, want)
			}
		}
		if isUnreserved(c[0]) != (link == key+c) {
			t.Errorf("DigitalLink of serial %q = %s", want.Serial, link)
		}
	}
}

func TestDigitalLinkKeys(t *testing.T) {
	const sscc, gtin, gln = "340123451111111111", "09521234543213", "4012345000009"
	for _, tt := range []struct {
		name string
		id   Identifier
		link string
		want error
	}{
		{"unit", Identifier{SSCC: sscc}, "/00/" + sscc, nil},
		{"unit of items", Identifier{SSCC: sscc, Content: gtin, Lot: "L"}, "/00/" + sscc + "?02=" + gtin + "&10=L", nil},
		{"pack in a unit", Identifier{SSCC: sscc, GTIN: gtin, Serial: "1"}, "/01/" + gtin + "/21/1?00=" + sscc, nil},
		{"place", Identifier{GLN: gln, Extension: "0"}, "/414/" + gln + "/254/0", nil},
		{"product at a place", Identifier{GTIN: gtin, GLN: gln}, "/01/" + gtin + "?414=" + gln, nil},
		{"product at a place with extension", Identifier{GTIN: gtin, GLN: gln, Extension: "1"}, "/414/" + gln + "/254/1?01=" + gtin, nil},
		{"pack at a place with extension", Identifier{GTIN: gtin, Serial: "1", GLN: gln, Extension: "1"}, "", ErrConflict},
		{"party", Identifier{Party: gln}, "/417/" + gln, nil},
		{"content alone", Identifier{Content: gtin}, "", ErrNoKey},
		{"serial alone", Identifier{Serial: "1"}, "", ErrNoKey},
		{"serial of a unit", Identifier{SSCC: sscc, Serial: "1"}, "", ErrConflict},
		{"serial of a dot", Identifier{GTIN: gtin, Serial: "."}, "", ErrSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.id.DigitalLink()
			if !errors.Is(err, tt.want) || strings.TrimPrefix(got, stem) != tt.link {
				t.Errorf("DigitalLink of %+v = %s, %v, want %s, %v", tt.id, got, err, tt.link, tt.want)
			}
		})
	}
}

// What parseLink accepts, it writes so that a second reading writes the same.
func FuzzDigitalLink(f *testing.F) {
	f.Add("id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331")
	f.Add("a./x/gln/4012345000054/glnx/1?417=4012345000054#top")
	f.Add("a:1/00/340123451111111111?02=09521234543213&10=%22&&x&=&y=%41")
	f.Add("a/01/02345673")
	f.Fuzz(func(t *testing.T, s string) {
		elems, err := parseLink("https://" + s)
		if err != nil {
			return
		}
		link, err := formatLink(stem, elems[0], elems)
		if err != nil {
			t.Fatalf("formatLink of %q: %v", s, err)
		}
		elems, err = parseLink(link)
		if err != nil {
			t.Fatalf("parseLink(%q) = %v", link, err)
		}
		if again, err := formatLink(stem, elems[0], elems); err != nil || again != link {
			t.Errorf("%q written again is %q, %v", link, again, err)
		}
	})
}
