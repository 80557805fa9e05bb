package redteam

import (
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"strconv"
	"testing"
	"time"

	paper "theriac/internal/paper/pedigree"
)

// delta is the print's ΔT.
const delta = time.Minute

// A print is paper 000 as printed, with two parties of every role. Attacks run
// against it as positive control.
type print struct {
	*paper.Centre
	by, other map[paper.Role]*paper.Party
	now       time.Time
}

// random returns a number in 1 … n−1.
func random() *big.Int {
	n := new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(1))
	// crypto/rand never fails.
	d, _ := rand.Int(rand.Reader, n)
	return d.Add(d, big.NewInt(1))
}

func newPrint() *print {
	p := &print{paper.NewCentre(), map[paper.Role]*paper.Party{}, map[paper.Role]*paper.Party{}, time.Unix(1604880000, 0)}
	for _, r := range []paper.Role{paper.DA, paper.MS, paper.DM, paper.DD} {
		p.by[r], p.other[r] = p.join(r, "ID-"+r.String()), p.join(r, "ID2-"+r.String())
	}
	return p
}

func (p *print) join(r paper.Role, id string) *paper.Party {
	return &paper.Party{Role: r, KeyPair: p.Register(id, random()), Centre: p.Centre, DeltaT: delta}
}

func drug(idBC string) paper.Drug {
	return paper.Drug{
		IDBC: idBC, MUI: "LOT-4711", UI: "07612345000016SN000001", Certificate: "AUTH " + idBC,
		Details:  [6]string{"10 kg thyme 25", "10 kg thyme 25", "trial data 7", "approved 9", "prescription 3", "sold 12"},
		Produced: "20201101", Expiry: "20231101", Cost: "199",
	}
}

// trade takes a drug through the six exchanges, everybody honest.
func (p *print) trade(t testing.TB, idBC string) [6]paper.Message {
	t.Helper()
	sent, err := paper.Trade(p.by, drug(idBC), p.now, random)
	if err != nil {
		t.Fatalf("the print, everybody honest: %v", err)
	}
	return sent
}

// takes hands a message of exchange x to a party, which must take it: the control.
func (p *print) takes(t testing.TB, what string, to *paper.Party, x paper.Exchange, m paper.Message, now time.Time) string {
	t.Helper()
	bc, err := to.Receive(x, m, now, random())
	if err != nil {
		t.Errorf("control: the print, %s: %v: %v, want nil", what, x, err)
	}
	return bc
}

// legal reports what the print's third party says of a case.
func (p *print) legal(idBC string) error {
	return p.Download(idBC).Verify(p.by[paper.DA].Q, new(paper.Ops))
}

// order returns the fields of a material request, signed by nobody.
func (p *print) order(id, detail string) paper.Fields {
	var f paper.Fields
	f[paper.ID], f[paper.Detail], f[paper.TS], f[paper.IDBC] = id, detail, strconv.FormatInt(p.now.Unix(), 10), "case"
	return f
}
