package lightclient

import (
	"crypto/ed25519"
	"fmt"
	"testing"
)

// BenchmarkVerify sets the check of one header beside its anchor, the bare sum
// of the Ed25519 verifications in it.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 4, 100} {
		trust, block := newBlock(b, n)
		path := []LightBlock{block}
		b.Run(fmt.Sprintf("header/validators=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Verify(trust, path); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("ed25519/validators=%d", n), func(b *testing.B) {
			var msgs [][]byte
			for i := range n {
				msgs = append(msgs, block.Commit.SignBytes(chainID, i))
			}
			for b.Loop() {
				for i, v := range block.Validators {
					if !ed25519.Verify(ed25519.PublicKey(v.Key), msgs[i], block.Commit.Signatures[i].Signature) {
						b.Fatal("signature does not verify")
					}
				}
			}
		})
	}
}
