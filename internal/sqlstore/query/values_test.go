package query

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Every string has a form that PostgreSQL takes, and only one.
func TestTextIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.Map(rapid.Int32Range(private-2, utf8.MaxRune), func(r int32) string { return string(r) }),
		)).Draw(t, "parts")
		s := strings.Join(parts, "")
		v, err := Text(s).Value()
		stored, ok := v.(string)
		if err != nil || !ok || !utf8.ValidString(stored) || strings.ContainsRune(stored, 0) {
			t.Fatalf("Text(%q).Value() = %q, %v", s, v, err)
		}
		var again Text
		if err := again.Scan(stored); err != nil || string(again) != s {
			t.Fatalf("Scan(%q) = %q, %v, want %q", stored, again, err, s)
		}
	})
}

func TestPlainTextStaysReadable(t *testing.T) {
	for _, s := range []string{"", "dmms/1", "Übergröße 💊", "\ufffd", "line\nline"} {
		if v, err := Text(s).Value(); v != s || err != nil {
			t.Errorf("Text(%q).Value() = %q, %v", s, v, err)
		}
	}
}

func TestScanRefusesOtherTypes(t *testing.T) {
	var text Text
	if err := text.Scan(int64(1)); !errors.Is(err, ErrValue) {
		t.Errorf("Scan(1) = %v, want %v", err, ErrValue)
	}
	var raw Bytes
	if err := raw.Scan("text"); !errors.Is(err, ErrValue) {
		t.Errorf("Scan(text) = %v, want %v", err, ErrValue)
	}
}

func TestScanCopies(t *testing.T) {
	buffer := []byte{1, 2}
	var b Bytes
	if err := b.Scan(buffer); err != nil {
		t.Fatal(err)
	}
	buffer[0] = 9
	if b[0] != 1 {
		t.Error("Scan kept the driver's buffer")
	}
}

func FuzzText(f *testing.F) {
	f.Add("plain")
	f.Add(escape("\x00\xff\U0010FFFF"))
	f.Add(string(rune(private + 'a')))
	f.Fuzz(func(t *testing.T, stored string) {
		var s Text
		if s.Scan(stored) != nil {
			return
		}
		if again, err := s.Value(); again != stored || err != nil {
			t.Fatalf("accepted %q, writes %q, %v", stored, again, err)
		}
	})
}
