package genuine

import (
	"math"
	"testing"
)

// Table 2: all three prices come out.
func TestTable2(t *testing.T) {
	for _, row := range Table2 {
		if got := math.Round(100*USD(row.Gas)) / 100; got != row.USD {
			t.Errorf("%s device: %d gas = %.2f USD, want %.2f", row.Device, row.Gas, got, row.USD)
		}
	}
}

// What the gas says of the contracts, by the prices of EIP-2200 and the Yellow Paper: the
// mark sets no fresh word, and a device that writes nothing costs more than it.
func TestTable2LeavesNoWordForTheMark(t *testing.T) {
	const transaction, freshWord = 21_000, 20_000
	registration, verification, identification := Table2[0].Gas, Table2[1].Gas, Table2[2].Gas
	if identification >= transaction+freshWord || verification >= transaction+freshWord {
		t.Errorf("%d and %d gas leave room for a word", verification, identification)
	}
	if got, want := (registration-transaction)/freshWord, 3; got != want {
		t.Errorf("registration has gas for %d words, want %d", got, want)
	}
	if verification <= identification {
		t.Errorf("verification %d gas, identification %d", verification, identification)
	}
}
