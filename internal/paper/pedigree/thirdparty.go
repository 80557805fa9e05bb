package pedigree

import (
	"errors"
	"fmt"
)

// The three verdicts of IV-I, in the paper's words.
var (
	ErrExpiry      = errors.New("pedigree: the expiry date of the drug is tampered with by the drug distributor")
	ErrCertificate = errors.New("pedigree: the certificate is forged by the drug manufacturer and the drug is not approved by the drug administration")
	ErrMaterial    = errors.New("pedigree: the material content of the drug is tampered with by the material supplier")
)

// A History is what a third party downloads through ID_BC.
type History struct {
	Sigs [6]Signature // by Exchange
	BCs  [6]string
	Cert string
}

// Verify is IV-I, steps 1 to 4; nil says that "the drug is legal". da is the
// drug administration's public key: no other key is asked for, and no message.
func (h History) Verify(da Point, o *Ops) error {
	steps := []struct {
		compare []Exchange
		cert    bool
		blame   error
	}{
		{[]Exchange{DDDM, DMDD}, false, ErrExpiry},     // (68), (69)
		{[]Exchange{DADM, DMDA}, true, ErrCertificate}, // (70), (71)
		{[]Exchange{MSDM, DMMS}, false, ErrMaterial},   // (72), (73)
	}
	for i, step := range steps {
		for _, x := range step.compare {
			if !h.matches(x, o) {
				return fmt.Errorf("step %d, equation %d: %w", i+1, 73-int(x), step.blame)
			}
		}
		if !step.cert {
			continue
		}
		o.Sig++
		if _, err := VerifyCert(h.Cert, da); err != nil {
			return fmt.Errorf("step %d: %w: %w", i+1, step.blame, err)
		}
	}
	return nil
}

// matches compares BC with h(r, s).
func (h History) matches(x Exchange, o *Ops) bool {
	g := h.Sigs[x]
	return g.R != nil && g.S != nil && o.equal([]byte(h.BCs[x]), []byte(o.bc(g)))
}
