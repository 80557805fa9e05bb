package gs1

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every form of the same pack is the same identifier.
func TestParseIdentifier(t *testing.T) {
	pack := Identifier{GTIN: "09521234543213", Serial: "A(1)", Lot: "L/1", Expiry: "2027-03-31"}
	for _, tt := range []struct {
		name, in string
		want     Identifier
	}{
		{"element string", "01095212345432131727033110L/1\x1d21A(1)", pack},
		{"with FNC1 in front", "\x1d01095212345432131727033110L/1\x1d21A(1)", pack},
		{"other order", "010952123454321321A(1)\x1d10L/1\x1d17270331", pack},
		{"FNC1 after fixed length", "0109521234543213\x1d21A(1)\x1d10L/1\x1d17270331\x1d", pack},
		{"DataMatrix", "]d201095212345432131727033110L/1\x1d21A(1)", pack},
		{"GS1-128", "]C101095212345432131727033110L/1\x1d21A(1)\r\n", pack},
		{"QR", "]Q301095212345432131727033110L/1\x1d21A(1)", pack},
		{"DataBar", "]e001095212345432131727033110L/1\x1d21A(1)", pack},
		{"DotCode", "]J101095212345432131727033110L/1\x1d21A(1)", pack},
		{"brackets", `(01)09521234543213(17)270331(10)L/1(21)A\(1)`, pack},
		{"brackets and spaces", ` (01) 09521234543213 (17)270331 (10)L/1 (21)A\(1) `, pack},
		{"link", "https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331", pack},
		{"link of another domain", "HTTPS://med.example:8443/p/01/9521234543213/10/L%2f1/21/A(1)?lang=de&17=270331&linkType=gs1:epil#leaflet", pack},
		{"link of old", "http://example.org/gtin/09521234543213/lot/L%2F1/ser/A(1)?17=270331", pack},
		{"link in a QR", "]Q1https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331", pack},
		{"link in a DataMatrix", "]d1https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331", pack},
		{"twice the same", "(01)09521234543213(01)09521234543213", Identifier{GTIN: "09521234543213"}},
		{"GTIN-14", "09521234543213", Identifier{GTIN: "09521234543213"}},
		{"GTIN-13", "9521234543213", Identifier{GTIN: "09521234543213"}},
		{"GTIN-12", "416000336108", Identifier{GTIN: "00416000336108"}},
		{"GTIN-8", "02345673", Identifier{GTIN: "00000002345673"}},
		{"EAN-13", "]E09521234543213", Identifier{GTIN: "09521234543213"}},
		{"EAN-8", "]E402345673", Identifier{GTIN: "00000002345673"}},
		{"GLN alone reads as GTIN-13", "4012345000009", Identifier{GTIN: "04012345000009"}},
		{"SSCC", "340123451111111111", Identifier{SSCC: "340123451111111111"}},
		{"pack URN", "urn:epc:id:sgtin:9521234.054321.A(1)", Identifier{GTIN: "09521234543213", Serial: "A(1)"}},
		{"lot URN", "urn:epc:class:lgtin:9521234.054321.L%2F1", Identifier{GTIN: "09521234543213", Lot: "L/1"}},
		{"product URN", "urn:epc:idpat:sgtin:9521234.054321.*", Identifier{GTIN: "09521234543213"}},
		{"star is a serial", "urn:epc:id:sgtin:9521234.054321.*", Identifier{GTIN: "09521234543213", Serial: "*"}},
		{"unit URN", "urn:epc:id:sscc:4012345.3111111111", Identifier{SSCC: "340123451111111111"}},
		{"place URN", "urn:epc:id:sgln:4012345.00005.122", Identifier{GLN: "4012345000054", Extension: "122"}},
		{"place URN without extension", "urn:epc:id:sgln:401234500005..0", Identifier{GLN: "4012345000054"}},
		{"party URN", "urn:epc:id:pgln:4012345.00005", Identifier{Party: "4012345000054"}},
		{"logistic unit", "(00)340123451111111111(02)09521234543213(10)L", Identifier{SSCC: "340123451111111111", Content: "09521234543213", Lot: "L"}},
		{"unit link", "https://id.gs1.org/00/340123451111111111?02=09521234543213&10=L", Identifier{SSCC: "340123451111111111", Content: "09521234543213", Lot: "L"}},
		{"place link", "https://id.gs1.org/gln/4012345000054/glnx/1", Identifier{GLN: "4012345000054", Extension: "1"}},
		{"party link", "https://id.gs1.org/417/4012345000054", Identifier{Party: "4012345000054"}},
		{"serial that looks like a link", "010952123454321321a://b", Identifier{GTIN: "09521234543213", Serial: "a://b"}},
		{"all dates", "(01)09521234543213(11)250100(17)280229", Identifier{GTIN: "09521234543213", Production: "2025-01", Expiry: "2028-02-29"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseIdentifier(tt.in, today)
			if err != nil || got != tt.want {
				t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseIdentifierRefuses(t *testing.T) {
	const gtin = "09521234543213"
	for _, tt := range []refusal{
		{"nothing", "", ErrSyntax},
		{"white space", " \r\n", ErrSyntax},
		{"words", "Hello World!", ErrSyntax},
		{"FNC1 alone", "\x1d", ErrSyntax},
		{"too long", strings.Repeat("0", maxInput+1), ErrLength},
		{"GTIN with a slip", "09521234543214", ErrCheckDigit},
		{"GTIN with a slip that would be a lot", "10521234543218", ErrCheckDigit},
		{"SSCC with a slip", "340123451111111112", ErrCheckDigit},

		{"unknown AI", "01" + gtin + "9912", ErrUnknownAI},
		{"unknown AI in brackets", "(01)" + gtin + "(710)123", ErrUnknownAI},
		{"no AI", "01" + gtin + "ABC", ErrSyntax},
		{"lost FNC1", "01" + gtin + "10ABC12345678921SERIAL1234", ErrSeparator},
		{"doubled FNC1", "01" + gtin + "10ABC\x1d\x1d21S", ErrSeparator},
		{"FNC1 in front twice", "\x1d\x1d01" + gtin, ErrSeparator},
		{"FNC1 inside fixed length", "01095212\x1d34543213", ErrCharacter},
		{"GTIN cut", "010952123454321", ErrLength},
		{"date cut", "01" + gtin + "172703", ErrLength},
		{"no value", "\x1d01" + gtin + "10", ErrLength},
		{"no value before FNC1", "01" + gtin + "10\x1d21S", ErrLength},
		{"wrong check digit", "0109521234543214", ErrCheckDigit},
		{"no such day", "01" + gtin + "17270231", ErrDate},
		{"space in lot", "01" + gtin + "10AB C", ErrCharacter},
		{"caret for FNC1", "01" + gtin + "10ABC^21S", ErrCharacter},
		{"lot too long", "(10)" + strings.Repeat("x", 21), ErrLength},
		{"two GTINs", "(01)" + gtin + "(01)00416000336108", ErrConflict},
		{"two serials", "01" + gtin + "21A\x1d21B", ErrConflict},
		{"two spellings of a day", "(17)270300(17)270331", ErrConflict},
		{"item and content", "(01)" + gtin + "(02)00416000336108", ErrConflict},

		{"bracket not closed", "(01", ErrSyntax},
		{"nothing after bracket", "(01)", ErrLength},
		{"letters in brackets", "(0A)" + gtin, ErrSyntax},
		{"bare bracket in value", "(01)" + gtin + "(21)A(B)", ErrSyntax},
		{"backslash", `(01)` + gtin + `(21)A\B`, ErrCharacter},
		{"backslash before backslash", `(01)` + gtin + `(21)A\\(B)`, ErrCharacter},
		{"space inside", "(01)0952 123454321", ErrCharacter},
		{"FNC1 in brackets", "(01)" + gtin + "(10)A\x1d(21)B", ErrCharacter},

		{"symbology cut", "]d", ErrSyntax},
		{"symbology alone", "]d2", ErrSyntax},
		{"no GS1 symbol", "]d1" + gtin, ErrSyntax},
		{"unknown symbology", "]A0" + gtin, ErrSyntax},
		{"brackets in a GS1 symbol", "]d2(01)" + gtin, ErrSyntax},
		{"EAN-13 cut", "]E0952123454321", ErrLength},
		{"EAN-8 of 13", "]E49521234543213", ErrLength},
	} {
		t.Run(tt.name, tt.test)
	}
}

func TestCanonicalForms(t *testing.T) {
	id := Identifier{GTIN: "09521234543213", Serial: "A(1)", Lot: "L/1", Expiry: "2027-03", Production: "2025-01-31", Party: "4012345000009"}
	for _, tt := range []struct {
		name  string
		write func() (string, error)
		want  string
	}{
		{"element string", id.ElementString, "0109521234543213112501311727030041740123450000" + "09" + "10L/1\x1d21A(1)"},
		{"brackets", id.Bracketed, `(01)09521234543213(11)250131(17)270300(417)4012345000009(10)L/1(21)A\(1)`},
		{"link", id.DigitalLink, "https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?11=250131&17=270300&417=4012345000009"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.write(); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// A lone date whose digits would check as a GTIN-8 stays a date.
func TestLoneDateIsNoGTIN(t *testing.T) {
	id := Identifier{Expiry: "2027-01-01"}
	s, err := id.ElementString()
	if err != nil || s != "\x1d17270101" {
		t.Fatalf("ElementString = %q, %v", s, err)
	}
	if got, err := ParseIdentifier(s, today); err != nil || got != id {
		t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v", s, got, err, id)
	}
}

// What is put together by hand is checked when it is written.
func TestWritingRefuses(t *testing.T) {
	const gtin = "09521234543213"
	for _, tt := range []struct {
		name string
		id   Identifier
		want error
	}{
		{"nothing", Identifier{}, ErrNoKey},
		{"GTIN of 13 digits", Identifier{GTIN: "9521234543213"}, ErrLength},
		{"FNC1 in serial", Identifier{GTIN: gtin, Serial: "A\x1d10B"}, ErrCharacter},
		{"bracket in extension", Identifier{GLN: "4012345000009", Extension: "[1]"}, ErrCharacter},
		{"six digits for a date", Identifier{GTIN: gtin, Expiry: "270331"}, ErrDate},
		{"no such day", Identifier{GTIN: gtin, Production: "2027-02-29"}, ErrDate},
		{"item and content", Identifier{GTIN: gtin, Content: gtin}, ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, write := range []func() (string, error){tt.id.ElementString, tt.id.Bracketed, tt.id.DigitalLink} {
				if got, err := write(); !errors.Is(err, tt.want) || got != "" {
					t.Errorf("got %q, %v, want %v", got, err, tt.want)
				}
			}
			if got, err := tt.id.URN(7); !errors.Is(err, tt.want) || got != "" {
				t.Errorf("URN = %q, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestPackAndLot(t *testing.T) {
	id := Identifier{GTIN: "09521234543213", Serial: "A(1)", Lot: "L", Expiry: "2027-03"}
	pack, err := id.SGTIN()
	if err != nil || pack != (SGTIN{"09521234543213", "A(1)"}) || pack.String() != `(01)09521234543213(21)A\(1)` {
		t.Errorf("SGTIN = %v, %v", pack, err)
	}
	lot, err := id.LGTIN()
	if err != nil || lot != (LGTIN{"09521234543213", "L"}) || lot.String() != `(01)09521234543213(10)L` {
		t.Errorf("LGTIN = %v, %v", lot, err)
	}
	for text, want := range map[string]Identifier{pack.String(): pack.Identifier(), lot.String(): lot.Identifier()} {
		if got, err := ParseIdentifier(text, today); err != nil || got != want {
			t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, tt := range []struct {
		id   Identifier
		want error
	}{
		{Identifier{GTIN: "09521234543213"}, ErrNoKey},
		{Identifier{Serial: "1", Lot: "1"}, ErrNoKey},
		{Identifier{GTIN: "09521234543214", Serial: "1", Lot: "1"}, ErrCheckDigit},
		{Identifier{GTIN: "09521234543213", Serial: " ", Lot: " "}, ErrCharacter},
	} {
		if got, err := tt.id.SGTIN(); !errors.Is(err, tt.want) || got != (SGTIN{}) {
			t.Errorf("SGTIN of %v = %v, %v, want %v", tt.id, got, err, tt.want)
		}
		if got, err := tt.id.LGTIN(); !errors.Is(err, tt.want) || got != (LGTIN{}) {
			t.Errorf("LGTIN of %v = %v, %v, want %v", tt.id, got, err, tt.want)
		}
	}
}

// draw returns an identifier in which any field may be empty.
func draw(t *rapid.T) Identifier {
	digits := func(n int) string {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n, n, n).Draw(t, "digits")
		check, err := CheckDigit(s)
		if err != nil {
			t.Fatalf("CheckDigit(%s) = %v", s, err)
		}
		return s + string(check)
	}
	text := func() string { return rapid.StringOfN(rapid.RuneFrom([]rune(Set82)), 1, 20, 20).Draw(t, "text") }
	day := func() Date {
		yymmdd := rapid.StringMatching(`[0-9]{2}(0[1-9]|1[0-2])([01][0-9]|2[0-8])`).Draw(t, "date")
		d, err := ParseDate(yymmdd, today)
		if err != nil {
			t.Fatalf("ParseDate(%s) = %v", yymmdd, err)
		}
		return d
	}
	var id Identifier
	for _, set := range []func(){
		func() { id.SSCC = SSCC(digits(17)) },
		func() { id.GTIN = GTIN(digits(13)) },
		func() { id.Content = GTIN(digits(13)) },
		func() { id.Lot = Lot(text()) },
		func() { id.Production = day() },
		func() { id.Expiry = day() },
		func() { id.Serial = Serial(text()) },
		func() { id.Extension = text() },
		func() { id.GLN = GLN(digits(12)) },
		func() { id.Party = GLN(digits(12)) },
	} {
		if rapid.Bool().Draw(t, "set") {
			set()
		}
	}
	if id.GTIN != "" {
		id.Content = ""
	}
	return id
}

// What is written is read as the same.
func TestWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := draw(t)
		if id != (Identifier{}) {
			checkForms(t, id)
		}
	})
}

// checkForms holds every form of a valid identifier to what it was written from.
func checkForms(t interface {
	Errorf(string, ...any)
	Helper()
}, id Identifier,
) {
	t.Helper()
	for _, write := range []func() (string, error){id.ElementString, id.Bracketed} {
		s, err := write()
		if got, err2 := ParseIdentifier(s, today); err != nil || err2 != nil || got != id {
			t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v, %v", s, got, err2, id, err)
		}
		if got, err := ParseIdentifier("]d2"+s, today); !strings.HasPrefix(s, "(") && (err != nil || got != id) {
			t.Errorf("ParseIdentifier(]d2%q) = %+v, %v, want %+v", s, got, err, id)
		}
	}
	if s, err := id.DigitalLink(); err == nil {
		if got, err := ParseIdentifier(s, today); err != nil || got != id {
			t.Errorf("ParseIdentifier(%q) = %+v, %v, want %+v", s, got, err, id)
		}
	} else if !errors.Is(err, ErrNoKey) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrSyntax) {
		t.Errorf("DigitalLink of %+v = %v", id, err)
	}
	for n := 6; n <= 12; n++ {
		s, err := id.URN(n)
		if err != nil {
			continue
		}
		got, err := ParseIdentifier(s, today)
		if again, err2 := got.URN(n); err != nil || err2 != nil || again != s {
			t.Errorf("ParseIdentifier(%q) = %+v, %v, written %q, %v", s, got, err, again, err2)
		}
		if got.GTIN != id.GTIN || got.SSCC != id.SSCC || got.GLN != id.GLN || got.Party != id.Party || got.Serial != "" && got.Serial != id.Serial {
			t.Errorf("ParseIdentifier(%q) = %+v, want the key of %+v", s, got, id)
		}
	}
}

// Whatever is read can be written and read again.
func FuzzParseIdentifier(f *testing.F) {
	for _, s := range []string{
		"]d201095212345432131727033110L/1\x1d21A(1)",
		`(01)09521234543213(17)270300(10)L/1(21)A\(1)`,
		"https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331",
		"HTTP://a./x/gln/4012345000054/glnx/1?417=4012345000054#top",
		"https://id.gs1.org/00/340123451111111111?02=09521234543213&10=L&foo=%25",
		"urn:epc:id:sgtin:9521234.054321.A(1)",
		"urn:epc:class:lgtin:952123454321.0.L%2F1",
		"urn:epc:idpat:sgtin:9521234.054321.*",
		"urn:epc:id:sscc:4012345.3111111111",
		"urn:epc:id:sgln:401234500005..0",
		"urn:epc:id:pgln:4012345.00005",
		"9521234543213", "340123451111111111", "]E402345673", "]Q1https://a/417/4012345000054",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseIdentifier(s, today)
		if err != nil {
			if id != (Identifier{}) {
				t.Errorf("ParseIdentifier(%q) = %+v and %v", s, id, err)
			}
			return
		}
		checkForms(t, id)
	})
}
