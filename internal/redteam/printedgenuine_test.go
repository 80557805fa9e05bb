package redteam

import (
	"crypto/rand"
	"testing"

	paper "theriac/internal/paper/genuine"
)

// A shop is paper 001 as printed: a supplier, a deliverer and an end user on one chain.
// More of its breaks, and what it does resist, are in its own tests.
type shop struct {
	*paper.Chain
	supplier  *paper.Registration
	deliverer *paper.Verification
	user      *paper.Identification
}

// What lies on the print's devices: mass and refractive index of a syrup.
var (
	syrup = paper.Signal{13.0, 1.445}
	water = paper.Signal{13.0, 1.333}
)

func newShop() *shop {
	var j paper.Judgment
	// crypto/rand never fails.
	_, _ = rand.Read(j.OK[:])
	_, _ = rand.Read(j.Bad[:])
	c, d := paper.NewChain(), paper.Device{Ranges: []paper.Range{{Low: 12.8, High: 13.2}, {Low: 1.440, High: 1.450}}, J: j}
	return &shop{c, &paper.Registration{Device: d, Chain: c}, &paper.Verification{Device: d, Chain: c}, &paper.Identification{Chain: c}}
}

// shipped registers a good piece.
func (s *shop) shipped() paper.Info {
	u := paper.Info{ID: paper.ID{Manufacturer: "7612345", Serial: rand.Text()}, Temperature: "5.0", Random: rand.Text()}
	s.supplier.Register(syrup, u)
	return u
}

// delivered is 3.3 and 3.4.
func (s *shop) delivered(p2 paper.Signal, u paper.Info) error {
	return s.user.Identify(u.ID, s.deliverer.Verify(p2, u.ID, u.Value()))
}

// passes is the control: the print must let the attack through.
func passes(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("control: the print, %s: %v, want nil", what, err)
	}
}
