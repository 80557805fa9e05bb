package main

import (
	"math/rand/v2"
	"strings"
	"testing"

	"theriac/canon"
)

func quietly(t *testing.T) bench {
	t.Helper()
	return bench{rounds: 2, dir: t.TempDir(), progress: func(string, ...any) {}}
}

// value is the figure of that name and unit.
func value(t *testing.T, results []result, name, unit string) float64 {
	t.Helper()
	for _, r := range results {
		if r.Name == name && r.Unit == unit {
			return r.Value
		}
	}
	t.Fatalf("no figure %q in %s", name, unit)
	return 0
}

// The claim is held or the program fails.
func TestNoise(t *testing.T) {
	m, err := newMill()
	if err != nil {
		t.Fatal(err)
	}
	results, err := (&genuineCmd{Measurements: 2001}).noise(t.Context(), quietly(t), m)
	if err != nil {
		t.Fatal(err)
	}
	for name, unit := range map[string]string{"equal keys of noisy measurements in range": "keys", "refusals of measurements out of range": "refusals"} {
		if got := value(t, results, name, unit); got != 2001 {
			t.Errorf("%s: %v, want 2001", name, got)
		}
	}
	random, u := rand.New(rand.NewPCG(1, 1)), m.transaction(0)
	if err := new(noiseCount).measure(m, random, u, canon.Sum(nil)); err == nil || !strings.Contains(err.Error(), "not "+canon.Sum(nil).String()) {
		t.Errorf("another key than wanted: %v, want an error", err)
	}
}

// One thing is registered and identified, and a lot in one go.
func TestContractsAndLots(t *testing.T) {
	m, err := newMill()
	if err != nil {
		t.Fatal(err)
	}
	results, err := (&genuineCmd{}).contracts(t.Context(), quietly(t), m)
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, results, "verify one thing: its bytes on Ethereum", "gas"); got != 0 {
		t.Errorf("a verification takes %v gas, want none", got)
	}
	// A mark's key and what is known of it, and nothing of the pack's page.
	if got := value(t, results, "identify one thing: state records", "bytes"); got < 40 || got > 120 {
		t.Errorf("a mark takes %v bytes", got)
	}
	small, err := (&genuineCmd{}).lot(t.Context(), quietly(t), m, 100)
	if err != nil {
		t.Fatal(err)
	}
	large, err := (&genuineCmd{}).lot(t.Context(), quietly(t), m, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if small.hashes > 7 || large.hashes > 14 || large.bytes()*50 > small.bytes() {
		t.Errorf("%d and %d hashes a path, %v and %v bytes a pack", small.hashes, large.hashes, small.bytes(), large.bytes())
	}
}
