package genuine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
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
// four. Cost does not: mere material takes no more bytes than a tag, where the print
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

// Each attack either always passes or never does, and a row says which.
func TestTable1Outcomes(t *testing.T) {
	const n = 100
	passed := map[string]string{}
	for _, r := range run(t, 3, n) {
		for _, o := range r.Outcomes {
			mark := map[int]string{0: "no ", o.Tried: "yes"}[o.Passed]
			if o.Tried == 0 {
				mark = "-  "
			} else if o.Tried != n {
				t.Errorf("%s, %s: %d tried, want %d", r.Method, o.What, o.Tried, n)
			}
			passed[o.Column.String()+": "+o.What] += " " + mark
		}
	}
	for _, a := range attempts {
		what := a.column.String() + ": " + a.what
		if got, want := passed[what], outcomes[what]; got != want {
			t.Errorf("%s:\n got%s\nwant%s", what, got, want)
		}
	}
	if got, want := len(passed), len(outcomes); got != want {
		t.Errorf("%d attacks, want %d", got, want)
	}
}

// outcomes says what passes: proposed, tag, material, PUF.
var outcomes = map[string]string{
	"exact match with the shipment: another legitimate piece in its place":                                    " yes yes yes no ",
	"exact match with the shipment: a counterfeit in its place, label kept":                                   " no  yes no  no ",
	"exact match with the shipment: another legitimate piece, device outputs what it read of the shipped one": " no  yes yes yes",
	"legitimate product: content replaced by a counterfeit, label kept":                                       " no  yes no  no ",
	"legitimate product: label and public data copied on many counterfeits":                                   " no  yes no  no ",
	"legitimate product: counterfeit, device outputs a stored good answer":                                    " no  yes yes yes",
	"legitimate product: counterfeit, device measures a retained legitimate sample":                           " yes yes yes no ",
	"legitimate product: supplier ships an illegitimate piece":                                                " yes yes no  yes",
	"legitimate product: counterfeit, U2 entered shifted by J_ok ⊕ J_bad":                                     " yes -   -   -  ",
	"legitimate product: counterfeit, a stranger registers V of a key of his own":                             " yes -   -   -  ",
	"distinction per transaction: answer of A→B used again for B→C":                                           " no  yes yes yes",
	"distinction per transaction: identified twice, one after the other":                                      " no  yes yes yes",
	"distinction per transaction: identified by another than the consignee":                                   " yes yes yes yes",
	"distinction per transaction: identified twice, both acquire before either registers":                     " yes yes yes yes",
	"distinction per transaction: deliverer registers the number of verifications plus one, and sells again":  " yes -   -   -  ",
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
