package genuine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func run(t testing.TB, seed uint64, n int) []Row {
	t.Helper()
	rows, err := Table1(rand.New(rand.NewPCG(seed, 3)), n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Table 1, by what the print argues by: its own ranking comes out in three columns of
// four. Cost does not: mere material takes about the bytes of a tag, where the print
// means its instrument, and the proposed method takes fewer than a PUF. Distinction gets
// 2 for the printed 3, since diversion passes.
func TestTable1RanksAsPrinted(t *testing.T) {
	rows := run(t, 1, 100)
	for c := Exact; c <= Distinction; c++ {
		var differ []string
		for i, a := range rows {
			for _, b := range rows[:i] {
				if cmp.Compare(a.Printed[c], b.Printed[c]) != cmp.Compare(a.Named[c], b.Named[c]) {
					differ = append(differ, b.Method+" and "+a.Method)
				}
			}
		}
		if got, want := len(differ), map[Column]int{Price: 4}[c]; got != want {
			t.Errorf("%v: %d pairs rank otherwise than printed, want %d: %s", c, got, want, strings.Join(differ, "; "))
		}
	}
	if got, want := rows[0].Named, (Scores{2, 3, 2, 2}); got != want {
		t.Errorf("proposed method by what the print names = %v, want %v", got, want)
	}
}

// By all that was tried the proposed method is no better at telling legitimate products
// than mere material and PUF, and a PUF that one device reads is no exact match.
func TestTable1ByAllAttacks(t *testing.T) {
	rows := run(t, 2, 100)
	want := []Scores{{2, 2, 2, 2}, {1, 1, 3, 1}, {2, 2, 3, 1}, {2, 2, 1, 1}}
	for i, r := range rows {
		if r.All != want[i] {
			t.Errorf("%s = %v, want %v", r.Method, r.All, want[i])
		}
		if disagrees := r.All != r.Printed || r.Named != r.Printed; disagrees != (r.Remark != "") {
			t.Errorf("%s: printed %v, named %v, all %v, remark %q", r.Method, r.Printed, r.Named, r.All, r.Remark)
		}
	}
}

// Each attempt either always passes or never does, and docs/papers/001.md says which.
func TestTable1MatchesTheDocument(t *testing.T) {
	const n = 100
	raw, err := os.ReadFile("../../../docs/papers/001.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := run(t, 3, n)
	var lines []string
	for i, o := range rows[0].Outcomes {
		line := fmt.Sprintf("| %v | %s | %s |", o.Column, o.What, map[bool]string{true: "yes", false: "no"}[o.Named])
		for _, r := range rows {
			line += " " + mark(t, r.Outcomes[i], n) + " |"
		}
		lines = append(lines, line)
	}
	for _, r := range rows {
		line := "| " + r.Method + " |"
		for c := range r.All {
			line += fmt.Sprintf(" %d / %d / %d |", r.Printed[c], r.Named[c], r.All[c])
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		if !strings.Contains(string(raw), "\n"+line+"\n") {
			t.Errorf("docs/papers/001.md lacks\n%s", line)
		}
	}
}

// mark says whether something passed.
func mark(t *testing.T, o Outcome, n int) string {
	t.Helper()
	switch {
	case o.Tried == 0:
		return "–"
	case o.Tried == n && o.Passed == n:
		return "yes"
	case o.Tried == n && o.Passed == 0:
		return "no"
	}
	t.Errorf("%s: %d of %d passed, want all or none of %d", o.What, o.Passed, o.Tried, n)
	return ""
}

// 3.3: no fuzzy extractor is needed, in range. At the limit noise flips the judgment,
// and a key that is compared exactly has no say in it.
func TestTable1Noise(t *testing.T) {
	for _, r := range run(t, 4, 1000) {
		if r.Genuine.Tried != 10_000 || r.Genuine.Passed != r.Genuine.Tried {
			t.Errorf("%s: %d of %d readings of the shipped piece passed, want 10000 of 10000", r.Method, r.Genuine.Passed, r.Genuine.Tried)
		}
		share := float64(r.AtLimit.Passed) / float64(r.AtLimit.Tried)
		measures := r.Method == "Proposed method" || r.Method == "Mere material"
		if measures && (share < 0.45 || share > 0.55) || !measures && share != 1 {
			t.Errorf("%s: %.2f of the readings at the limit passed", r.Method, share)
		}
	}
}

func TestTable1Refuses(t *testing.T) {
	if _, err := Table1(rand.New(rand.NewPCG(1, 1)), 0); err == nil {
		t.Error("Table1 of 0 tries = nil, want an error")
	}
}

func ExampleTable1() {
	rows, err := Table1(rand.New(rand.NewPCG(1, 2)), 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Printf("%s: printed %v, named %v, all %v; %d bytes, %d hashes\n",
			r.Method, r.Printed, r.Named, r.All, r.Cost.Bytes(), r.Cost.Hashes)
	}
	// Output:
	// Proposed method: printed [2 3 1 3], named [2 3 2 2], all [2 2 2 2]; 135 bytes, 4 hashes
	// External tag (barcode/RFID): printed [1 1 3 1], named [1 1 3 1], all [1 1 3 1]; 34 bytes, 0 hashes
	// Mere material: printed [2 2 1 1], named [2 2 3 1], all [2 2 3 1]; 48 bytes, 0 hashes
	// PUF: printed [3 2 1 1], named [3 2 1 1], all [2 2 1 1]; 287 bytes, 4 hashes
}
