package gs1

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseKeys(t *testing.T) {
	parse := map[string]func(string) (string, error){
		"GTIN": func(s string) (string, error) { k, err := ParseGTIN(s); return k.String(), err },
		"GLN":  func(s string) (string, error) { k, err := ParseGLN(s); return k.String(), err },
		"SSCC": func(s string) (string, error) { k, err := ParseSSCC(s); return k.String(), err },
	}
	for _, tt := range []struct {
		kind, in, out string
		want          error
	}{
		{"GTIN", "02345673", "00000002345673", nil},
		{"GTIN", "416000336108", "00416000336108", nil},
		{"GTIN", "9521234543213", "09521234543213", nil},
		{"GTIN", "09521234543213", "09521234543213", nil},
		{"GTIN", "09521234543214", "", ErrCheckDigit},
		{"GTIN", "952123454321", "", ErrCheckDigit},
		{"GTIN", "", "", ErrLength},
		{"GTIN", "0952123454321", "", ErrCheckDigit},
		{"GTIN", "123456789", "", ErrLength},
		{"GTIN", "009521234543213", "", ErrLength},
		{"GTIN", "0952123454321X", "", ErrCharacter},
		{"GTIN", " 9521234543213", "", ErrCharacter},
		{"GTIN", "０952123454321", "", ErrLength},
		{"GTIN", "+2345673", "", ErrCharacter},
		{"GLN", "4012345000009", "4012345000009", nil},
		{"GLN", "4012345000008", "", ErrCheckDigit},
		{"GLN", "04012345000009", "", ErrLength},
		{"SSCC", "340123451111111111", "340123451111111111", nil},
		{"SSCC", "340123451111111112", "", ErrCheckDigit},
		{"SSCC", "40123451111111111", "", ErrLength},
	} {
		t.Run(tt.kind+" "+tt.in, func(t *testing.T) {
			got, err := parse[tt.kind](tt.in)
			if got != tt.out || !errors.Is(err, tt.want) {
				t.Errorf("Parse%s(%q) = %q, %v, want %q, %v", tt.kind, tt.in, got, err, tt.out, tt.want)
			}
		})
	}
}

// A single wrong digit never checks.
func TestCheckDigitFindsEverySingleError(t *testing.T) {
	good := "340123451111111111"
	for i := range len(good) {
		for d := byte('0'); d <= '9'; d++ {
			bad := good[:i] + string(d) + good[i+1:]
			if _, err := ParseSSCC(bad); bad != good && !errors.Is(err, ErrCheckDigit) {
				t.Errorf("ParseSSCC(%s) = %v, want %v", bad, err, ErrCheckDigit)
			}
		}
	}
}

func TestHasPrefix(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  bool
		want bool
	}{
		{"after the indicator digit", GTIN("80614141123458").HasPrefix("0614141"), true},
		{"not at the indicator digit", GTIN("80614141123458").HasPrefix("8061414"), false},
		{"other prefix", GTIN("80614141123458").HasPrefix("0614142"), false},
		{"all 12", GTIN("80614141123458").HasPrefix("061414112345"), true},
		{"check digit is no prefix", GTIN("80614141123458").HasPrefix("0614141123458"), false},
		{"empty", GTIN("80614141123458").HasPrefix(""), false},
		{"too short", GTIN("80614141123458").HasPrefix("061"), false},
		{"no digits", GTIN("80614141123458").HasPrefix("0614x"), false},
		{"GTIN-8", GTIN("00000002345673").HasPrefix("000000"), false},
		{"invalid GTIN", GTIN("80614141123459").HasPrefix("0614141"), false},
		{"no GTIN", GTIN("").HasPrefix("0614141"), false},
		{"GLN", GLN("4012345000009").HasPrefix("4012345"), true},
		{"GLN of another", GLN("4012345000009").HasPrefix("4012346"), false},
		{"GLN with check digit", GLN("4012345000009").HasPrefix("4012345000009"), false},
		{"invalid GLN", GLN("4012345000000").HasPrefix("4012345"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("HasPrefix = %v, want %v", tt.got, tt.want)
			}
		})
	}
}

// Set 82 has 82 characters; a serial or lot has 1 to 20 of them.
func TestSerialAndLot(t *testing.T) {
	if len(Set82) != 82 {
		t.Errorf("Set82 has %d characters", len(Set82))
	}
	for c := range 256 {
		s := string([]byte{byte(c)})
		if got, want := Serial(s).Check() == nil, strings.Contains(Set82, s); got != want {
			t.Errorf("Serial(%q).Check() is nil: %v, want %v", s, got, want)
		}
	}
	for _, tt := range []struct {
		in   string
		want error
	}{
		{"", ErrLength},
		{strings.Repeat("x", 20), nil},
		{strings.Repeat("x", 21), ErrLength},
		{"A B", ErrCharacter},
		{"A\x1dB", ErrCharacter},
		{"é", ErrCharacter},
	} {
		if err := Serial(tt.in).Check(); !errors.Is(err, tt.want) {
			t.Errorf("Serial(%q).Check() = %v, want %v", tt.in, err, tt.want)
		}
		if err := Lot(tt.in).Check(); !errors.Is(err, tt.want) {
			t.Errorf("Lot(%q).Check() = %v, want %v", tt.in, err, tt.want)
		}
	}
}

// No error text shows a serial: they end up in logs.
func TestErrorsHideValues(t *testing.T) {
	for _, in := range []string{"(01)09521234543213(21)SECRET SECRET", "https://id.gs1.org/01/09521234543213/21/SECRET%20", "urn:epc:id:sgtin:9521234.054321.SECRET/"} {
		if _, err := ParseIdentifier(in, today); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("ParseIdentifier(%q) = %v", in, err)
		}
	}
}

func TestText(t *testing.T) {
	type carrier struct {
		GTIN   GTIN         `json:"gtin,omitempty"`
		GLN    GLN          `json:"gln,omitempty"`
		SSCC   SSCC         `json:"sscc,omitempty"`
		Expiry Date         `json:"expiry,omitempty"`
		Lot    Lot          `json:"lot,omitempty"`
		Pack   *SGTIN       `json:"pack,omitempty"`
		Count  map[GTIN]int `json:"count,omitempty"`
	}
	in := carrier{
		GTIN: "09521234543213", GLN: "4012345000009", SSCC: "340123451111111111", Expiry: "2027-03", Lot: "(A)",
		Pack: &SGTIN{"09521234543213", "1"}, Count: map[GTIN]int{"09521234543213": 1},
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"gtin":"09521234543213","gln":"4012345000009","sscc":"340123451111111111","expiry":"2027-03","lot":"(A)",` +
		`"pack":{"gtin":"09521234543213","serial":"1"},"count":{"09521234543213":1}}`
	if string(raw) != want {
		t.Errorf("Marshal = %s, want %s", raw, want)
	}
	var out carrier
	if err := json.Unmarshal(raw, &out); err != nil || *out.Pack != *in.Pack || out.GTIN != in.GTIN || out.Expiry != in.Expiry {
		t.Errorf("Unmarshal(%s) = %v, %v", raw, out, err)
	}
	for text, want := range map[string]error{
		`{"gtin":"9521234543213"}`:          ErrLength,
		`{"gtin":""}`:                       ErrLength,
		`{"gtin":"09521234543214"}`:         ErrCheckDigit,
		`{"gln":"401234500000x"}`:           ErrCharacter,
		`{"expiry":"2027-02-29"}`:           ErrDate,
		`{"expiry":"270228"}`:               ErrDate,
		`{"lot":"a b"}`:                     ErrCharacter,
		`{"count":{"9521234543213":1}}`:     ErrLength,
		`{"pack":{"gtin":"","serial":"1"}}`: ErrLength,
	} {
		if err := json.Unmarshal([]byte(text), &carrier{}); !errors.Is(err, want) {
			t.Errorf("Unmarshal(%s) = %v, want %v", text, err, want)
		}
	}
	for _, bad := range []any{GTIN("1"), GLN(""), SSCC("x"), Date("2027"), Serial(""), Lot(" "), SGTIN{}} {
		if raw, err := json.Marshal(bad); err == nil {
			t.Errorf("Marshal(%#v) = %s, want an error", bad, raw)
		}
	}
}

// What each text decoder accepts, it encodes to the same bytes.
func FuzzUnmarshalText(f *testing.F) {
	for _, s := range []string{"09521234543213", "4012345000009", "340123451111111111", "2027-03", "2027-03-31", "2027-00", "A(1)", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, b, new(GTIN))
		again(t, b, new(GLN))
		again(t, b, new(SSCC))
		again(t, b, new(Date))
		again(t, b, new(Serial))
		again(t, b, new(Lot))
	})
}

func again(t *testing.T, b []byte, v interface {
	UnmarshalText([]byte) error
	MarshalText() ([]byte, error)
},
) {
	t.Helper()
	if v.UnmarshalText(b) != nil {
		return
	}
	if got, err := v.MarshalText(); err != nil || string(got) != string(b) {
		t.Errorf("%T(%q).MarshalText() = %q, %v", v, b, got, err)
	}
}

// What ParseGTIN accepts is its input with zeros in front.
func FuzzParseGTIN(f *testing.F) {
	for _, s := range []string{"02345673", "416000336108", "9521234543213", "09521234543213", "０952123454321"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGTIN(s)
		if err != nil {
			return
		}
		if len(g) != 14 || !strings.HasSuffix(string(g), s) || strings.Trim(strings.TrimSuffix(string(g), s), "0") != "" {
			t.Errorf("ParseGTIN(%q) = %s", s, g)
		}
		if got, err := ParseGTIN(g.String()); err != nil || got != g {
			t.Errorf("ParseGTIN(%s) = %s, %v", g, got, err)
		}
	})
}
