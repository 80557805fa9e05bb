package canon

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

// Attack 000-23: bytes moved between neighbouring fields give another encoding.
func TestEncodeSeparatesFields(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b []byte
	}{
		{"moved byte", Encode("t", []byte("ab"), []byte("c")), Encode("t", []byte("a"), []byte("bc"))},
		{"joined", Encode("t", []byte("ab")), Encode("t", []byte("a"), []byte("b"))},
		{"empty field", Encode("t", []byte("a")), Encode("t", []byte("a"), nil)},
		{"tag and field", Encode("ta", []byte("b")), Encode("t", []byte("ab"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if bytes.Equal(tt.a, tt.b) {
				t.Errorf("both encode to %x", tt.a)
			}
		})
	}
}

func TestDigestText(t *testing.T) {
	d := Sum([]byte("theriac"))
	got, err := ParseDigest(d.String())
	if err != nil || got != d {
		t.Fatalf("ParseDigest(%s) = %s, %v", d, got, err)
	}
	s := d.String()
	for _, bad := range []string{"", s + "=", s[:42], s + "A", s[:42] + "\n", s[:10] + "\n" + s[10:], s[:42] + "_", "+" + s[1:]} {
		if _, err := ParseDigest(bad); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("ParseDigest(%q) = %v, want %v", bad, err, ErrNotCanonical)
		}
	}
}

// RFC 8785 sections 3.2.2 and 3.2.3.
func TestCheckJSON(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"object", `{"a":1,"b":[true,null,"x"]}`, nil},
		{"utf-16 order", "{\"\U0001F600\":1,\"\uFB33\":2}", nil},
		{"white space", `{"a": 1}`, ErrNotCanonical},
		{"trailing line", "{}\n", ErrNotCanonical},
		{"unsorted", `{"b":1,"a":2}`, ErrNotCanonical},
		{"doubled member", `{"a":1,"a":1}`, ErrNotCanonical},
		{"number form", `{"a":1.0}`, ErrNotCanonical},
		{"exponent", `{"a":1e3}`, ErrNotCanonical},
		{"overflow", `{"a":1e400}`, ErrNotCanonical},
		{"minus zero", `{"a":-0}`, ErrNotCanonical},
		{"beyond 2^53", `{"a":9007199254740993}`, ErrNotCanonical},
		{"escape", `{"a":"\u0061"}`, ErrNotCanonical},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", ErrNotCanonical},
		{"lone surrogate", `{"a":"\ud800"}`, ErrNotCanonical},
		{"two values", `{}{}`, ErrNotCanonical},
		{"nothing", ``, ErrNotCanonical},
		{"BOM", "\ufeff{}", ErrNotCanonical},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := CheckJSON([]byte(tt.in)); !errors.Is(err, tt.want) {
				t.Errorf("CheckJSON(%q) = %v, want %v", tt.in, err, tt.want)
			}
		})
	}
}

type sample struct {
	A int64    `json:"a" cbor:"1,keyasint"`
	B []string `json:"b" cbor:"2,keyasint"`
	C Digest   `json:"c" cbor:"3,keyasint"`
}

func TestDecodeJSONRefusesOtherSpellings(t *testing.T) {
	good, err := JSON(sample{A: 1, B: []string{"x\u2028"}})
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := DecodeJSON(good, &s); err != nil {
		t.Fatalf("DecodeJSON(%s) = %v", good, err)
	}
	for _, bad := range []string{
		`{"a":1,"b":[]}`,
		string(bytes.Replace(good, []byte(`"a"`), []byte(`"A"`), 1)),
		string(bytes.Replace(good, []byte(`{`), []byte(`{"0":1,`), 1)),
		string(bytes.Replace(good, []byte(`:1`), []byte(`:1.5`), 1)),
		string(bytes.Replace(good, []byte(`:1`), []byte(`:null`), 1)),
	} {
		if err := DecodeJSON([]byte(bad), &s); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("DecodeJSON(%s) = %v, want %v", bad, err, ErrNotCanonical)
		}
	}
}

func TestDecodeCBORRefusesOtherSpellings(t *testing.T) {
	good, err := CBOR(sample{A: 1, B: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := DecodeCBOR(good, &s); err != nil {
		t.Fatalf("DecodeCBOR(%x) = %v", good, err)
	}
	for name, bad := range map[string][]byte{
		"long integer":   append([]byte{good[0], good[1], 0x18, 0x01}, good[3:]...),
		"indefinite map": append(append([]byte{0xbf}, good[1:]...), 0xff),
		"trailing byte":  append(bytes.Clone(good), 0),
		"cut":            good[:len(good)-1],
		"doubled key":    append(append([]byte{0xa4, 0x01, 0x01}, good[1:]...), 0),
		"tagged":         append([]byte{0xc0}, good...),
	} {
		if err := DecodeCBOR(bad, &s); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: DecodeCBOR(%x) = %v, want %v", name, bad, err, ErrNotCanonical)
		}
	}
}

// The RFC 8785 reference implementation for Go agrees on what JSON writes.
func TestJSONAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Map(rapid.Float64(), func(f float64) any { return f }),
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.SliceOf(rapid.Int32()), func(s []int32) any { return s }),
		)).Draw(t, "v")
		got, err := JSON(v)
		if err != nil {
			t.Fatalf("JSON(%v) = %v", v, err)
		}
		want, err := jcs.Transform(got)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("JSON = %s, reference %s, %v", got, want, err)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":["x"],"c":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s sample
		if DecodeJSON(raw, &s) != nil {
			return
		}
		if again, err := JSON(s); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %q, writes %q, %v", raw, again, err)
		}
		if err := CheckJSON(raw); err != nil {
			t.Fatalf("accepted %q: %v", raw, err)
		}
	})
}

func FuzzDecodeCBOR(f *testing.F) {
	good, _ := CBOR(sample{A: 1, B: []string{"x"}})
	f.Add(good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s sample
		if DecodeCBOR(raw, &s) != nil {
			return
		}
		if again, err := CBOR(s); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %x, writes %x, %v", raw, again, err)
		}
	})
}
