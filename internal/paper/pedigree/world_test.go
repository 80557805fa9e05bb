package pedigree

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"
	"time"
)

var (
	noon  = time.Unix(1604880000, 0) // the paper's date of publication
	delta = time.Minute

	thyme = Drug{
		IDBC: "7CASE-0001", MUI: "LOT-4711", UI: "07612345000016SN000001", Certificate: "AUTH 65-1 thyme syrup",
		Details:  [6]string{"10 kg thyme, price 25", "10 kg thyme, price 25", "trial data 7", "approved 9", "sell by prescription 3", "sold 12"},
		Produced: "20201101", Expiry: "20231101", Cost: "199",
	}
)

// scalar derives a number in 1 … n−1 from a label: keys and nonces of the tests.
func scalar(label string) *big.Int {
	z := sha256.Sum256([]byte(label))
	v := new(big.Int).SetBytes(z[:])
	return v.Add(v.Mod(v, new(big.Int).Sub(curve.N, big.NewInt(1))), big.NewInt(1))
}

// nonces returns an endless row of different nonces.
func nonces() func() *big.Int {
	i := 0
	return func() *big.Int { i++; return scalar(fmt.Sprint("nonce ", i)) }
}

// A world is a centre with two parties of every role: by and other.
type world struct {
	c         *Centre
	by, other map[Role]*Party
	k         func() *big.Int
}

func newWorld() *world {
	w := &world{NewCentre(), map[Role]*Party{}, map[Role]*Party{}, nonces()}
	for _, r := range []Role{DA, MS, DM, DD} {
		w.by[r] = w.join(r, "ID-"+r.String())
		w.other[r] = w.join(r, "ID2-"+r.String())
	}
	return w
}

func (w *world) join(r Role, id string) *Party {
	return &Party{Role: r, KeyPair: w.c.Register(id, scalar(id)), Centre: w.c, DeltaT: delta}
}

// trade takes the drug through the six exchanges.
func (w *world) trade(t testing.TB, d Drug) [6]Message {
	t.Helper()
	sent, err := Trade(w.by, d, noon, w.k)
	if err != nil {
		t.Fatalf("honest trade: %v", err)
	}
	return sent
}

// legal runs IV-I on a case.
func (w *world) legal(idBC string) error {
	return w.c.Download(idBC).Verify(w.by[DA].Q, w.c.Costs.At(Verification, TP))
}

// standard returns q as a key of crypto/ecdsa.
func standard(t testing.TB, q Point) *ecdsa.PublicKey {
	t.Helper()
	key, err := publicKey(q)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// point is the inverse of standard.
func point(t testing.TB, key *ecdsa.PublicKey) Point {
	t.Helper()
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return Point{number(raw[1:33]), number(raw[33:])}
}

// secret returns d of a key of crypto/ecdsa.
func secret(t testing.TB, key *ecdsa.PrivateKey) *big.Int {
	t.Helper()
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if key.Curve != elliptic.P256() {
		t.Fatalf("key on %v", key.Curve.Params().Name)
	}
	return number(raw)
}
