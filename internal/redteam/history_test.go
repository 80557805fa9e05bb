package redteam

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"theriac/canon"
)

// An identified is what came of an identification.
type identified struct {
	code  string // "" verified the mark
	alert canon.Digest
	index uint64 // of its leaf
}

// markModel is a mark in a sequence of identifications: not verified, and from one on
// verified.
func markModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return false },
		Step: func(verified, _, output any) (bool, any) {
			switch output.(identified).code {
			case "":
				return !verified.(bool), true
			case "already_verified":
				return verified.(bool), verified
			}
			return false, verified
		},
	}
}

// checkHistory holds what clients saw against the model.
func checkHistory(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	if _, err := one(history, func(o porcupine.Operation) bool { return o.Output.(identified).code == "" }); err != nil {
		t.Errorf("identifications that succeeded: %v", err)
	}
	alerts := map[canon.Digest]bool{}
	for _, o := range history {
		if alert := o.Output.(identified).alert; !alert.IsZero() {
			alerts[alert] = true
		}
	}
	if len(alerts) != identifications-1 {
		t.Errorf("%d alerts, want %d", len(alerts), identifications-1)
	}
	if r := linearizable(history); r != porcupine.Ok {
		t.Errorf("the history is linearizable: %s", r)
	}
}

// linearizable looks for an order. That there is one is found at once; that there is
// none may take more time and memory than there are.
func linearizable(history []porcupine.Operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(markModel(), history, 20*time.Second)
}

// The check of histories sees what must not be.
func TestMarkModel(t *testing.T) {
	t.Parallel()
	at := func(call, end int64, code string) porcupine.Operation {
		return porcupine.Operation{Call: call, Return: end, Output: identified{code: code}}
	}
	const again = "already_verified"
	for name, tt := range map[string]struct {
		history []porcupine.Operation
		want    porcupine.CheckResult
	}{
		"one after the other":   {[]porcupine.Operation{at(0, 1, ""), at(2, 3, again), at(4, 5, again)}, porcupine.Ok},
		"at once":               {[]porcupine.Operation{at(0, 9, again), at(1, 8, ""), at(2, 7, again)}, porcupine.Ok},
		"twice":                 {[]porcupine.Operation{at(0, 9, ""), at(1, 8, ""), at(2, 7, again)}, porcupine.Illegal},
		"never":                 {[]porcupine.Operation{at(0, 9, again), at(1, 8, again)}, porcupine.Illegal},
		"refused before":        {[]porcupine.Operation{at(0, 1, again), at(2, 3, "")}, porcupine.Illegal},
		"for another reason":    {[]porcupine.Operation{at(0, 1, ""), at(2, 3, "wrong_place")}, porcupine.Illegal},
		"refused while another": {[]porcupine.Operation{at(0, 4, again), at(2, 3, "")}, porcupine.Ok},
	} {
		if got := linearizable(tt.history); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
