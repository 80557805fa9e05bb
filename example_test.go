package theriac_test

import (
	"fmt"
	"os"
	"time"

	"theriac"
)

// What a third party needs: the evidence as a file, and the validators' keys.
func Example() {
	evidence, _ := os.ReadFile("testdata/bundles/genuine.json")
	pinned, _ := os.ReadFile("testdata/bundles/trust.json")
	bundle, err := theriac.ParseBundle(evidence)
	if err != nil {
		fmt.Println(err)
		return
	}
	trust, err := theriac.ParseTrust(pinned)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC) // time.Now()
	verdict := bundle.Verify(trust, now)
	fmt.Println(verdict.Verdict, verdict.Facts.SGTIN, verdict.Facts.Certificate.Subject.Name)
	// Output: genuine (01)04000003000010(21)S000002 Theriacin
}

// A refusal names the step of the paper's verification and whom it blames.
func ExampleBundle_Verify() {
	evidence, _ := os.ReadFile("testdata/bundles/distributor-lies-on-expiry.json")
	pinned, _ := os.ReadFile("testdata/bundles/trust.json")
	bundle, err := theriac.ParseBundle(evidence)
	if err != nil {
		fmt.Println(err)
		return
	}
	trust, err := theriac.ParseTrust(pinned)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := bundle.Verify(trust, time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC))
	fmt.Println(v.Verdict, v.Step, v.Blame, v.Proven)
	// Output: refused distribution distributor true
}
