package pedigree

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/gs1"
)

func somePack() Pack {
	return Pack{Expiry: "2029-03-31", GTIN: "04000003000015", Lot: "L42", Salt: canon.ID{1, 2, 3}, Serial: "7Z9K2M4Q8R1T5V3X"}
}

// The digest and the leaf of a pack are those of docs and paper, made here by
// SHA-256 alone.
func TestPackLeaf(t *testing.T) {
	p := somePack()
	var encoded []byte
	for _, f := range []string{"theriac/pack/1", string(p.GTIN), string(p.Serial), string(p.Lot), p.Expiry, string(p.Salt[:])} {
		encoded = append(binary.BigEndian.AppendUint32(encoded, uint32(len(f))), f...)
	}
	digest := sha256.Sum256(encoded)
	if got := p.Digest(); got != digest {
		t.Errorf("Digest = %s, want %x", got, digest)
	}
	if got, want := p.Leaf(), sha256.Sum256(append([]byte{0}, digest[:]...)); got != want {
		t.Errorf("Leaf = %x, want %x", got, want)
	}
}

// Nothing of what is printed, and no bit of the salt, can change without the digest;
// nor does anything flow from one field into the next.
func TestPackDigestCoversAll(t *testing.T) {
	seen := map[canon.Digest]string{}
	for name, change := range map[string]func(*Pack){
		"as it is": func(*Pack) {},
		"expiry":   func(p *Pack) { p.Expiry = "2030-03-31" },
		"code":     func(p *Pack) { p.GTIN = gs1.GTIN("0" + string(p.GTIN[:13])) },
		"lot":      func(p *Pack) { p.Lot = "L43" },
		"salt":     func(p *Pack) { p.Salt[15] ^= 1 },
		"serial":   func(p *Pack) { p.Serial = gs1.Serial(strings.ToLower(string(p.Serial))) },
		"moved":    func(p *Pack) { p.Serial, p.Lot = p.Serial+"L", p.Lot[1:] },
		"swapped":  func(p *Pack) { p.Serial, p.Lot = gs1.Serial(p.Lot), gs1.Lot(p.Serial) },
	} {
		p := somePack()
		change(&p)
		if other, there := seen[p.Digest()]; there {
			t.Errorf("%s: the digest of %s", name, other)
		}
		seen[p.Digest()] = name
	}
}

// The salts of a batch follow from its secret, and the secret from the maker's
// and the batch, made here by SHA-256 alone.
func TestBatchSecret(t *testing.T) {
	hash := func(fields ...string) [32]byte {
		var encoded []byte
		for _, f := range fields {
			encoded = append(binary.BigEndian.AppendUint32(encoded, uint32(len(f))), f...)
		}
		return sha256.Sum256(encoded)
	}
	batch := canon.Digest{7}
	s := NewBatchSecret([]byte("master"), batch)
	secret := hash("theriac/batch-secret/1", "master", string(batch[:]))
	if [32]byte(s) != secret {
		t.Errorf("NewBatchSecret = %x, want %x", s[:], secret)
	}
	salt := hash("theriac/salt/1", string(secret[:]), "S1")
	if got := s.Salt("S1"); string(got[:]) != string(salt[:16]) {
		t.Errorf("Salt = %x, want %x", got, salt[:16])
	}
	if s.Salt("S1") == s.Salt("S2") || s.Salt("S1") == NewBatchSecret([]byte("master"), canon.Digest{8}).Salt("S1") ||
		s.Salt("S1") == NewBatchSecret([]byte("other"), batch).Salt("S1") {
		t.Error("two packs, batches or makers have one salt")
	}
}

// A secret prints as nothing else, however it is printed.
func TestBatchSecretHides(t *testing.T) {
	s := NewBatchSecret([]byte("master"), canon.Digest{7})
	for _, format := range []string{"%s", "%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(format, s); got != "[secret]" {
			t.Errorf("%s prints %s", format, got)
		}
		if got := fmt.Sprintf(format, struct{ S BatchSecret }{s}); !strings.Contains(got, "[secret]") {
			t.Errorf("%s prints %s in a struct", format, got)
		}
	}
}

// EU 2016/161 article 4: at most 20 characters, of GS1 set 82, and random.
func TestSerial(t *testing.T) {
	for in, want := range map[[SerialEntropy]byte]string{
		{}: "0000000000000000",
		{255, 255, 255, 255, 255, 255, 255, 255, 255, 255}: "ZZZZZZZZZZZZZZZZ",
		{0, 68, 50, 20, 199, 66, 84, 182, 53, 207}:         "0123456789ABCDEF",
	} {
		got := Serial(in)
		if got != want {
			t.Errorf("Serial(%x) = %s, want %s", in, got, want)
		}
		if err := gs1.Serial(got).Check(); err != nil {
			t.Error(err)
		}
	}
}
