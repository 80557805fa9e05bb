package pedigree

import (
	"crypto/sha256"
	"encoding/binary"
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
