package envelope

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"theriac/canon"
)

// encodeSign1 writes a COSE_Sign1 with the CBOR library, which our own writer
// must agree with.
func encodeSign1(t testing.TB, typ string, sig Signature, payload []byte) []byte {
	t.Helper()
	header, err := canon.CBOR(struct {
		Algorithm int    `cbor:"1,keyasint"`
		KeyID     []byte `cbor:"4,keyasint"`
		Type      string `cbor:"16,keyasint"`
	}{-7, sig.KeyID[:], typ})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := canon.CBOR(struct {
		_           struct{} `cbor:",toarray"`
		Protected   []byte
		Unprotected struct{}
		Payload     []byte
		Signature   []byte
	}{Protected: header, Payload: payload, Signature: sig.Bytes[:]})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Payloads of the sizes at which a head of CBOR grows: our own writer and parser
// agree with the CBOR library, and a longer head is refused.
func TestSign1OfAllSizes(t *testing.T) {
	s := newSigner(t)
	for _, n := range []int{0, 1, 23, 24, 255, 256, 65535, 65536, 1 << 20} {
		raw, err := SignSign1(s, "t", make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseSign1(raw, "t")
		if err != nil {
			t.Fatalf("ParseSign1 of %d bytes: %v", n, err)
		}
		key, err := KeyOf(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(m.Signature); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if want := encodeSign1(t, "t", m.Signature, m.Payload); !bytes.Equal(raw, want) {
			t.Errorf("%d bytes: another encoding than the library's", n)
		}
		again, sign1 := AssembleSign1(m.Signature.KeyID, "t", m.Payload, m.Signature.Bytes)
		if !bytes.Equal(again, raw) || sign1.Signature != m.Signature {
			t.Errorf("AssembleSign1 of %d bytes is another message", n)
		}
	}
}

// Every other spelling of a COSE_Sign1 is refused.
func TestSign1RefusesOtherSpellings(t *testing.T) {
	raw, err := SignSign1(newSigner(t), "t", []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte("\xa0\x47payload"))
	for name, bad := range map[string][]byte{
		"nothing":               {},
		"tagged":                append([]byte{0xd2}, raw...),
		"trailing byte":         append(bytes.Clone(raw), 0),
		"cut":                   raw[:len(raw)-1],
		"array of five":         append([]byte{0x85}, raw[1:]...),
		"unprotected":           slices.Concat(raw[:at], []byte{0xa1, 1, 0x26}, raw[at+1:]),
		"long head":             slices.Concat(raw[:at+1], []byte{0x58, 7}, raw[at+2:]),
		"longer head":           slices.Concat(raw[:at+1], []byte{0x59, 0, 7}, raw[at+2:]),
		"longest head":          slices.Concat(raw[:at+1], []byte{0x5a, 0, 0, 0, 7}, raw[at+2:]),
		"head beyond the end":   slices.Concat(raw[:at+1], []byte{0x5a, 0xff, 0xff, 0xff, 0xff}, raw[at+2:]),
		"indefinite length":     slices.Concat(raw[:at+1], []byte{0x5f, 0x47}, raw[at+2:at+9], []byte{0xff}, raw[at+9:]),
		"text for bytes":        slices.Concat(raw[:at+1], []byte{0x67}, raw[at+2:]),
		"null payload":          slices.Concat(raw[:at+1], []byte{0xf6}, raw[at+9:]),
		"another type":          bytes.Replace(raw, []byte("\x10\x61t"), []byte("\x10\x61u"), 1),
		"another algorithm":     bytes.Replace(raw, []byte{0x01, 0x26}, []byte{0x01, 0x27}, 1),
		"header of another map": bytes.Replace(raw, []byte{0xa3, 0x01}, []byte{0xa4, 0x01}, 1),
	} {
		if _, err := ParseSign1(bad, "t"); !errors.Is(err, canon.ErrNotCanonical) {
			t.Errorf("%s: %v, want %v", name, err, canon.ErrNotCanonical)
		}
	}
}
