package jsonval_test

import (
	"context"
	"fmt"
	"io"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// This example reads the names of an object, and takes each value whole.
func ExampleScanner_Skip() {
	var s jsonval.Scanner
	s.Reset([]byte(`{"id": "7", "conditions": {"users": ["All"]}, "state": null}`))
	if _, err := s.Next(); err != nil { // the '{'
		fmt.Println(err)
		return
	}
	for {
		name, err := s.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		if name.Kind == '}' {
			return
		}
		value, err := s.Skip()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s is %s\n", s.AppendText(nil, name), s.Raw(value))
	}
	// Output:
	// id is "7"
	// conditions is {"users": ["All"]}
	// state is null
}

// This example cancels a scan of a long text. The scan checks its context once
// every 64 KiB.
func ExampleScanner_Offset() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	scan := func(text []byte) error {
		var s jsonval.Scanner
		s.Reset(text)
		for checked := 0; ; {
			if s.Offset()-checked >= 64<<10 {
				checked = s.Offset()
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			if _, err := s.Next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	long := append([]byte("["), make([]byte, 70<<10)...)
	for i := range long[1:] {
		long[1+i] = "1,"[i%2]
	}
	fmt.Println(scan([]byte(`[1]`)), scan(append(long, "1]"...)))
	// Output: <nil> context canceled
}
