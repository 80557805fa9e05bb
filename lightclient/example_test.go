package lightclient_test

import (
	"errors"
	"fmt"
	"os"

	"theriac/canon"
	"theriac/lightclient"
)

// A reader pins the validators once and from then on believes no server: a
// header that comes with its votes is the chain's, or it is refused.
func ExampleVerify() {
	var bundle struct {
		Expect string                   `json:"expect"`
		Path   []lightclient.LightBlock `json:"path"`
		Trust  lightclient.Trust        `json:"trust"`
	}
	raw, err := os.ReadFile("testdata/four-validators.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := canon.DecodeJSON(raw, &bundle); err != nil {
		fmt.Println(err)
		return
	}
	header, err := lightclient.Verify(bundle.Trust, bundle.Path)
	fmt.Println(header.Height, header.Hash(), err)

	bundle.Path[0].Header.AppHash = canon.Sum([]byte("a state of my own"))
	_, err = lightclient.Verify(bundle.Trust, bundle.Path)
	fmt.Println(errors.Is(err, lightclient.ErrMismatch))
	// Output:
	// 7 GWtWgWTfsq_wJIejoKC0C-y4xNf7Xu7yLb8XcrjY6oY <nil>
	// true
}
