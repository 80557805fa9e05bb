package genuine_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"theriac/canon"
	"theriac/genuine"
)

// Paper 001, 3.3 (001-13): each noisy measurement in range gives the same key without
// any correction of noise, and none out of range gives one. theriac-bench genuine does
// this a million times each.
func TestNoise(t *testing.T) {
	s := newScene(t)
	u := s.transaction(0)
	want, err := s.key.Verification(good(), u)
	s.must(err)
	const each, seed = 50_000, 20211101
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			for range each / workers {
				in := noisy(random)
				if v, err := s.key.Verification(in, u); v != want || err != nil {
					t.Errorf("%v: %s, %v, want %s", in, v, err, want)
					return
				}
				out := noisy(random)
				beyond(random, out)
				if v, err := s.key.Verification(out, u); v != (canon.Digest{}) || !errors.Is(err, genuine.ErrNotLegitimate) {
					t.Errorf("%v: %s, %v, want no key", out, v, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// noisy are readings in range: of one thing each time, with the noise of the
// instruments, and now and then at a limit.
func noisy(random *rand.Rand) []genuine.Reading {
	out := good()
	for i, c := range criteria() {
		width := int64(c.High - c.Low)
		out[i].Value += genuine.Quantity(random.NormFloat64() * float64(width) / 6)
		if random.IntN(100) == 0 {
			out[i].Value = []genuine.Quantity{c.Low, c.High}[random.IntN(2)]
		}
		out[i].Value = min(max(out[i].Value, c.Low), c.High)
	}
	return out
}

// beyond moves at least one of the readings out of range, often by one millionth.
func beyond(random *rand.Rand, r []genuine.Reading) {
	all := criteria()
	first := random.IntN(len(all))
	for i, c := range all {
		if i != first && random.IntN(3) > 0 {
			continue
		}
		by := 1 + genuine.Quantity(random.Int64N(1<<random.IntN(40)))
		r[i].Value = c.High + by
		if random.IntN(2) == 0 {
			r[i].Value = c.Low - by
		}
	}
}
