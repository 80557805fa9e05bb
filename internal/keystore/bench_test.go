package keystore

import (
	"fmt"
	"path/filepath"
	"testing"
)

func BenchmarkCreate(b *testing.B) {
	for _, factor := range []int{machineWorkFactor, personWorkFactor} {
		b.Run(fmt.Sprintf("workFactor=%d", factor), func(b *testing.B) {
			passphrase, dir := NewPassphrase(), b.TempDir()
			for i := 0; b.Loop(); i++ {
				s, err := Create(filepath.Join(dir, fmt.Sprint(i)), passphrase, factor)
				if err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}

// Opening costs one scrypt, however many keys are then taken.
func BenchmarkOpen(b *testing.B) {
	for _, factor := range []int{machineWorkFactor, personWorkFactor} {
		for _, keys := range []int{0, 10} {
			b.Run(fmt.Sprintf("workFactor=%d/keys=%d", factor, keys), func(b *testing.B) {
				passphrase, dir := NewPassphrase(), filepath.Join(b.TempDir(), "keys")
				s := must(Create(dir, passphrase, factor))(b)
				defer s.Close()
				for i := range keys {
					must(s.NewSigningKey(fmt.Sprint(i)))(b)
				}
				for b.Loop() {
					again := must(Open(dir, passphrase))(b)
					for i := range keys {
						must(again.Signer(fmt.Sprint(i)))(b)
					}
					again.Close()
				}
			})
		}
	}
}

func BenchmarkRotate(b *testing.B) {
	s, _, _ := newStore(b)
	must(s.NewSigningKey("org"))(b)
	for b.Loop() {
		must(s.Rotate("org"))(b)
	}
}
