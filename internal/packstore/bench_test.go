package packstore

import (
	"math/rand/v2"
	"testing"
	"time"

	"theriac/gs1"
	"theriac/merkle"
	"theriac/pedigree"
)

const million = 1_000_000

// bare is the anchor: the leaves of given packs, and the tree over them, with
// nothing made, sorted or kept.
func bare(packs []pedigree.Pack, leaves []merkle.Hash) merkle.Hash {
	for i := range packs {
		leaves[i] = packs[i].Leaf()
	}
	return merkle.Root(leaves)
}

// BenchmarkBuild builds a batch of a million packs beside the bare hashing of as
// many and reports how many times as long it takes.
func BenchmarkBuild(b *testing.B) {
	spec := testSpec(million)
	facts := Facts{GTIN: spec.GTIN, Lot: spec.Lot, Expiry: spec.Expiry}
	packs := make([]pedigree.Pack, million)
	for i := range packs {
		serial := pedigree.Serial([pedigree.SerialEntropy]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		packs[i] = facts.pack(gs1.Serial(serial), &spec.Secret)
	}
	leaves := make([]merkle.Hash, million)
	var hashing, building time.Duration
	best := 1e9
	for b.Loop() {
		start := time.Now()
		bare(packs, leaves)
		middle := time.Now()
		s := openTest(b, b.TempDir())
		begin := time.Now()
		batch, err := s.Build(b.Context(), spec, nil)
		if err != nil {
			b.Fatal(err)
		}
		end := time.Now()
		hashing += middle.Sub(start)
		building += end.Sub(begin)
		best = min(best, end.Sub(begin).Seconds()/middle.Sub(start).Seconds())
		if err := batch.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(building.Seconds()/hashing.Seconds(), "ratio")
	b.ReportMetric(best, "best-ratio")
	b.ReportMetric(hashing.Seconds()*1e3/float64(b.N), "bare-ms")
	b.ReportMetric(building.Seconds()*1e3/float64(b.N), "build-ms")
}

func benchmarkRead(b *testing.B, f func(batch *Batch, index uint64, serial gs1.Serial) error) {
	spec := testSpec(million)
	batch, err := openTest(b, b.TempDir()).Build(b.Context(), spec, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer batch.Close()
	indexes := make([]uint64, 1024)
	serials := make([]gs1.Serial, len(indexes))
	for i := range indexes {
		indexes[i] = rand.Uint64N(million)
		p, err := batch.Pack(indexes[i])
		if err != nil {
			b.Fatal(err)
		}
		serials[i] = p.Serial
	}
	i := 0
	for b.Loop() {
		if err := f(batch, indexes[i%len(indexes)], serials[i%len(indexes)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkProve(b *testing.B) {
	benchmarkRead(b, func(batch *Batch, index uint64, _ gs1.Serial) error {
		_, err := batch.Prove(index)
		return err
	})
}

func BenchmarkFind(b *testing.B) {
	benchmarkRead(b, func(batch *Batch, _ uint64, serial gs1.Serial) error {
		_, _, err := batch.Find(serial)
		return err
	})
}
