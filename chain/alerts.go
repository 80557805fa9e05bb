package chain

import (
	"fmt"
	"math/bits"
	"slices"

	"theriac/canon"
)

// Concerns reports whether the pack at this place of the batch is in question.
func (a *Alert) Concerns(batch canon.Digest, place uint64) bool {
	return a.Batch == batch && slices.ContainsFunc(a.Units, func(r Range) bool { return r.From <= place && place < r.To })
}

// A pack's alerts are found by aligned spans of 1, 2, 4, … packs: an alert is
// listed under the fewest that make up its ranges, two for each length at most,
// and a pack lies in one span of each length. So a million packs in one alert
// cost forty names and not a million, and no pack is left out.

// Tags returns the names under which the alert is listed.
func (a *Alert) Tags() []string {
	var out []string
	for _, r := range a.Units {
		for from := r.From; from < r.To; {
			length := uint64(1) << min(bits.TrailingZeros64(from), bits.Len64(r.To-from)-1)
			out = append(out, alertTag(a.Batch, from, length))
			from += length
		}
	}
	return out
}

// AlertTags returns all names under which an alert about the pack at this place
// of a batch of this size can be listed.
func AlertTags(batch canon.Digest, place, size uint64) []string {
	var out []string
	for length := uint64(1); length != 0 && length <= size; length <<= 1 {
		out = append(out, alertTag(batch, place&^(length-1), length))
	}
	return out
}

func alertTag(batch canon.Digest, from, length uint64) string {
	return fmt.Sprintf("alerted/%s/%d+%d", batch, from, length)
}
