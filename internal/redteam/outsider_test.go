package redteam

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	paper "theriac/internal/paper/genuine"
)

// Attack 001-10: an outsider has everything that servers give to strangers and a ledger
// node has, and guesses U: of its fields all are public or have few values, but for the
// random number. He is even given J here, without which each guess is one of 2^128.
func TestAttack001_10(t *testing.T) {
	t.Parallel()
	var x *outsider
	t.Run("collect", func(t *testing.T) { // the stage is another test's while this one guesses
		x = measured(t, stage(t)).outsider(t)
	})
	if x == nil {
		return
	}
	guesses := 1_000_000
	if testing.Short() {
		guesses = 20_000
	}
	begin := time.Now()
	if n, ok := x.search(guesses); ok {
		t.Fatalf("guess %d is right", n)
	}
	each := time.Since(begin).Seconds() / float64(guesses) * float64(runtime.GOMAXPROCS(0))
	t.Logf("%d guesses, %.0f µs of a core each: all random numbers take 2^%.0f core years, if J is known; without it 2^128 times that",
		guesses, each*1e6, 128+math.Log2(each/(365*24*3600)))
	// Who has J and the random number, and only he, finds it among the guesses.
	before := len(x.numbers)
	x.numbers = append(x.numbers, x.u.Random)
	if n, ok := x.search(len(x.numbers) * temperatures); !ok || n/temperatures != before {
		t.Errorf("control: the right random number is not found among the guesses: %d, %v", n, ok)
	}
	clear(x.j[:])
	if n, ok := x.search(len(x.numbers) * temperatures); ok {
		t.Errorf("all of U, without J, makes the key: %d", n)
	}

	s := newShop()
	weak := paper.Info{ID: paper.ID{Manufacturer: "7612345", Serial: "SN1"}, Temperature: "17.3", Verifications: 4}
	s.supplier.Register(syrup, weak)
	e, _ := s.Entry(weak.ID)
	if got, _, err := paper.Guess(e, s.deliverer.J.OK, labels(weak.ID)); err != nil || got != weak {
		t.Errorf("control: the print, U without a random number: %+v, %v", got, err)
	}
	strong := weak
	strong.Random = rand.Text()
	s.supplier.Register(syrup, strong)
	if e, _ = s.Entry(weak.ID); e.V == (paper.Digest{}) {
		t.Error("control: the print has not registered it")
	}
	if got, _, err := paper.Guess(e, s.deliverer.J.OK, labels(weak.ID)); err == nil {
		t.Errorf("the print resists this: %+v", got)
	}
}

// labels are the temperatures and numbers of verifications of the print's U.
func labels(id paper.ID) iter.Seq[paper.Info] {
	return func(yield func(paper.Info) bool) {
		for i := range 10_000 {
			if !yield(paper.Info{ID: id, Temperature: fmt.Sprintf("%d.%d", i/100, i/10%10), Verifications: i % 10}) {
				return
			}
		}
	}
}

// An outsider guesses: each number with each temperature.
type outsider struct {
	u       genuine.Transaction // the truth
	j       genuine.Judgment
	target  canon.Digest // the mark on the ledger
	numbers []canon.ID   // tried first; after them come 0, 1, 2 …
}

const temperatures = 40

func (l *lab) outsider(t *testing.T) *outsider {
	t.Helper()
	return &outsider{l.challenge(t, 0).Transaction, l.opened(t, l.carrier).key.J, l.mark(t, 0).Leaf, l.publicNumbers(t)}
}

// publicNumbers are what a careless registrar could have made his random number of.
func (l *lab) publicNumbers(t testing.TB) (out []canon.ID) {
	t.Helper()
	r := get[api.Registration](t, l.w.hospital, "/v1/registrations/"+l.registration.ID.String(), nil)
	m := l.mark(t, 0)
	digests := []canon.Digest{{}, r.ID, r.Terms.Root, r.Terms.Line, r.Terms.Batch, r.Device, l.line.Criteria, m.Leaf, l.bc[4], l.bc[5]}
	for _, h := range m.Path {
		digests = append(digests, canon.Digest(h))
	}
	for _, d := range digests {
		made := (&genuine.Consignment{Secret: d}).Transaction(0, "").Random
		out = append(out, canon.ID(d[:16]), canon.ID(d[16:]), made)
	}
	for second := range int64(120) {
		var id canon.ID
		binary.BigEndian.PutUint64(id[8:], uint64(r.At/1000-second))
		out = append(out, id)
	}
	return out
}

func (x *outsider) number(i int) (id canon.ID) {
	if i < len(x.numbers) {
		return x.numbers[i]
	}
	binary.BigEndian.PutUint64(id[8:], uint64(i-len(x.numbers)))
	return id
}

// search derives the key of each of the first n guesses as the documents say, and
// returns which has the mark.
func (x *outsider) search(n int) (found int, ok bool) {
	var mu sync.Mutex
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			text := x.texts()
			for i := w; i < n; i += workers {
				if x.key(text[i%temperatures], x.number(i/temperatures)) == x.target {
					mu.Lock()
					found, ok = i, true
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return found, ok
}

// texts are U's canonical form with each temperature, before and behind the random
// number.
func (x *outsider) texts() (out [temperatures][2][]byte) {
	u := x.u
	for degrees := range out {
		u.Fields = maps.Clone(u.Fields)
		u.Fields["temperature"] = fmt.Sprint(degrees, " Cel")
		whole, err := canon.JSON(u)
		if err != nil {
			panic(err) // it is the product's own, with another word in it
		}
		before, behind, _ := bytes.Cut(whole, []byte(u.Random.String()))
		out[degrees] = [2][]byte{before, behind}
	}
	return out
}

// key returns the mark that there would be.
func (x *outsider) key(text [2][]byte, random canon.ID) canon.Digest {
	info := string(text[0]) + random.String() + string(text[1])
	seed, err := hkdf.Key(sha256.New, x.j[:], random[:], info, ed25519.SeedSize)
	if err != nil {
		panic(err) // the length is right
	}
	return canon.Digest(chain.MarkLeaf(chain.Verification(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))))
}
