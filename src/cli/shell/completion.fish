# Completes dbacked's command lines in fish: dbacked completion fish | source

function __dbacked_offer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (printf '%s\n' $words[2..-1] "$current" | $words[1] completion --offer 2>/dev/null)
    # A path behind = is completed as a word of its own, and put behind it again.
    set -l prefix (string match -r -- '^--[^=]*=' "$current")
    set -l rest (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$lines[1]"
        case files
            __fish_complete_path "$rest" | string replace -r '^' -- "$prefix"
        case folders
            __fish_complete_directories "$rest" | string replace -r '^' -- "$prefix"
        case words
            printf '%s\n' $lines[2..-1]
    end
end

complete -c dbacked -f -a '(__dbacked_offer)'
