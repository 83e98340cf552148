from rearm.cli import main

main()
