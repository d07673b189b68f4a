from logwatch.cli.main import main

main()
