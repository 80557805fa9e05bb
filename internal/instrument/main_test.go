package instrument

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"theriac/refusal"
)

// busy are the packages that must have nothing running when all tests have ended.
var busy = regexp.MustCompile(`(?m)^(theriac/internal|github\.com/(eclipse|mochi-mqtt)|go\.bug\.st)/`)

func TestMain(m *testing.M) {
	status := m.Run()
	if left := running(); left != "" && status == 0 {
		fmt.Fprintln(os.Stderr, "still running after all tests:\n"+left)
		status = 1
	}
	os.Exit(status)
}

// running returns a goroutine of the instruments that does not end by itself, or "".
func running() string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	left := ""
	for range 250 {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left = ""
		for n, s := range regexp.MustCompile(`\n\n`).Split(string(stacks), -1) {
			if n > 0 && busy.MatchString(s) {
				left = s
			}
		}
		if left == "" {
			return ""
		}
		<-tick.C
	}
	return left
}

func is(t testing.TB, err error, want *refusal.Refusal) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}
