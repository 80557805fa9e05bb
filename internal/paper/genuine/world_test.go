package genuine

import (
	"math/rand/v2"
	"testing"
)

// A world is a supplier, a deliverer and an end user on one chain.
type world struct {
	chain     *Chain
	supplier  *Registration
	deliverer *Verification
	user      *Identification
	random    *rand.Rand
}

// The product: 10 ml of a syrup, by mass and refractive index.
var (
	syrup       = []Range{{12.8, 13.2}, {1.440, 1.450}}
	good        = Signal{13.0, 1.445}
	alsoGood    = Signal{12.9, 1.443}
	counterfeit = Signal{13.0, 1.333}
)

func newWorld() *world {
	w := &world{chain: NewChain(), random: rand.New(rand.NewPCG(1, 1))}
	d := Device{Ranges: syrup, J: fixed(w.random)}
	w.supplier, w.deliverer, w.user = &Registration{d, w.chain}, &Verification{d, w.chain}, &Identification{Chain: w.chain}
	return w
}

// info returns transaction information with 128 random bits.
func (w *world) info(serial string) Info {
	return Info{ID{"7612345", serial}, "5.0", 0, randomText(w.random)}
}

// shipped registers a good piece and returns its U.
func (w *world) shipped(serial string) Info {
	u := w.info(serial)
	w.supplier.Register(good, u)
	return u
}

// delivered is 3.3 and 3.4, the end user entering u into the deliverer's device.
func (w *world) delivered(p2 Signal, u Info) error {
	return w.user.Identify(u.ID, w.deliverer.Verify(p2, u.ID, u.Value()))
}

// passes fails the test unless an attack succeeded.
func passes(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s = %v, want nil: the print does not resist it", what, err)
	}
}
